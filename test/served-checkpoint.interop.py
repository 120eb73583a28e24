"""What stock tritonclient and the Python client get of each image, one at a time, as one line of JSON.

served-checkpoint.interop.py GRPC_ADDRESS HTTP_ADDRESS MODEL THRESHOLD IMAGE...
"""

import json
import sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
from cassl import Client


def by_triton(module, client, model, threshold, image):
    tensor = module.InferInput("image", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([image], dtype=object))
    result = client.infer(model, [tensor], parameters={"threshold": threshold})
    boxes, scores, labels, masks = (result.as_numpy(name)[0] for name in ("boxes", "scores", "labels", "masks"))
    count = result.as_numpy("num_detections")[0]
    return [
        {"box": boxes[at].tolist(), "score": float(scores[at]), "label": int(labels[at]), "mask": masks[at].decode()}
        for at in range(count)
    ]


def by_cassl(client, model, threshold, path):
    found = client.detect(path, model=model, threshold=threshold, timeout=60)
    return [
        {
            "box": [one.box.x1, one.box.y1, one.box.x2, one.box.y2],
            "score": one.score,
            "label": one.category_id,
            "mask": one.mask.counts,
        }
        for one in found.detections
    ]


def main(grpc_address, http_address, model, threshold, *paths):
    threshold = float(threshold)
    images = [open(path, "rb").read() for path in paths]
    over_grpc = grpc.InferenceServerClient(grpc_address)
    over_http = http.InferenceServerClient(http_address)
    with Client(grpc_address) as client:
        answers = {
            "tritonclient.grpc": [by_triton(grpc, over_grpc, model, threshold, image) for image in images],
            "tritonclient.http": [by_triton(http, over_http, model, threshold, image) for image in images],
            "cassl (Python)": [by_cassl(client, model, threshold, path) for path in paths],
        }
    print(json.dumps(answers))


main(*sys.argv[1:])
