"""LitServe as its guide shows it, with batching: the worker decodes and pads a batch together. Prints its address."""

import base64
import json
import socket
import sys
import threading
import time
import urllib.request

import litserve
from detector import Detector


class Api(litserve.LitAPI):
    def setup(self, device):
        self.detector = Detector(json.loads(sys.argv[1]))

    def decode_request(self, request):
        return self.detector.prepare(base64.b64decode(request["image"]))

    def batch(self, inputs):
        return inputs

    def predict(self, items):
        return self.detector.detect_batch(items)

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return output


def tell(port):
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).read()
            break
        except OSError:
            time.sleep(0.05)
    print(f"http://127.0.0.1:{port}", flush=True)


if __name__ == "__main__":
    spec = json.loads(sys.argv[1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    threading.Thread(target=tell, args=(free,), daemon=True).start()
    server = litserve.LitServer(Api(max_batch_size=spec["maxBatch"], batch_timeout=0.005), accelerator="cpu", timeout=120)
    server.run(host="127.0.0.1", port=free, generate_client_file=False, log_level="error")
