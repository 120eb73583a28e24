"""Label Studio's own brush code against ours: reads [[height, width, pixels, our rle], …], prints what it makes of it.

label-studio-rle.interop.py MASKS.json
"""

import importlib.util
import json
import sys

import numpy as np

# The package as a whole wants the client's dozens of dependencies; its brush code is one file.
PLACE = importlib.util.find_spec("label_studio_sdk").submodule_search_locations[0]
SPEC = importlib.util.spec_from_file_location("brush", PLACE + "/converter/brush.py")
brush = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(brush)


def main(path):
    with open(path) as file:
        cases = json.load(file)
    seen = []
    for height, width, pixels, ours in cases:
        mask = np.array(pixels, np.uint8).reshape(height, width) * 255
        read = brush.decode_rle(ours).reshape(height, width, 4)
        seen.append({"read": bool((read == mask[:, :, None]).all()), "theirs": brush.mask2rle(mask)})
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
