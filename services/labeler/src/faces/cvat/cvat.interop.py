"""CVAT's own package against a running server: prints what it saw as one line of JSON.

cvat.interop.py ADDRESS FUNCTION IMAGE_IN_BASE64
"""

import json
import sys
import urllib.request

import numpy as np
from cvat_sdk.masks import encode_mask


def call(url, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def run_lengths(pixels):
    """What CVAT stores of an answer's mask: runs, of zeros first."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], pixels]))).tolist()
    return np.diff([0, *edges, len(pixels)]).tolist()


def main(address, name, image):
    described = call(f"{address}/api/functions/{name}")
    shapes = call(
        f"{address}/api/function_invocations",
        {"image": image, "threshold": 0.1},
        {"x-nuclio-function-name": name, "x-nuclio-path": "/"},
    )
    # As a host and a port, and no function.
    direct = call(f"http://127.0.0.1:{described['status']['httpPort']}", {"image": image, "threshold": 0.1})
    stored, encoded, bitmaps = [], [], []
    for shape in shapes:
        if shape["type"] != "mask":
            continue
        *pixels, left, top, right, bottom = shape["mask"]
        stored.append([*run_lengths(pixels), left, top, right, bottom])
        bitmap = np.zeros((4, 5), bool)
        bitmap[top : bottom + 1, left : right + 1] = np.reshape(pixels, (bottom - top + 1, right - left + 1))
        encoded.append([int(value) for value in encode_mask(bitmap, [left, top, right + 1, bottom + 1])])
        bitmaps.append(bitmap.astype(int).reshape(-1).tolist())
    seen = {"types": [shape["type"] for shape in shapes], "same": shapes == direct}
    print(json.dumps({**seen, "stored": stored, "encoded": encoded, "bitmaps": bitmaps}))


if __name__ == "__main__":
    main(*sys.argv[1:])
