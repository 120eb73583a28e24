"""The Python client, from its wheel, against a running labeler: python-client.interop.py ADDRESS IMAGE"""

import json
import sys

import grpc
from cassl import Client


def main(address, path):
    with Client(address) as client:
        found = client.detect(path, model="m", threshold=0.25, timeout=20)
        streamed = list(client.detect_stream([path, b"no image", path], model="m", timeout=20))
        try:
            client.detect(path, model="missing", timeout=20)
            error = "none"
        except grpc.RpcError as caught:
            error = f"{caught.code().name} {caught.details()}"
    box = found.detections[0].box
    seen = {
        "size": [found.width, found.height],
        "box": [box.x1, box.y1, box.x2, box.y2],
        "category": found.detections[0].category_name,
        "streamed": [len(one.detections) for one in streamed],
        "bad": streamed[1].error.code,
        "error": error,
    }
    print(json.dumps(seen))


main(*sys.argv[1:])
