"""What one writes first: a grpcio server with a pool of threads, one image a forward pass. Prints its address."""

import concurrent.futures
import json
import sys
import threading

import grpc
from detector import Detector

spec = json.loads(sys.argv[1])
detector = Detector(spec)
turn = threading.Lock()


def detect(request, context):
    item = detector.prepare(request)
    with turn:
        (result,) = detector.detect_batch([item])
    return json.dumps(result).encode()


handler = grpc.method_handlers_generic_handler("bench.Detector", {"Detect": grpc.unary_unary_rpc_method_handler(detect)})
server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=16))
server.add_generic_rpc_handlers((handler,))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"127.0.0.1:{port}", flush=True)
server.wait_for_termination()
