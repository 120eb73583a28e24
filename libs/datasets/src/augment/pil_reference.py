"""Applies one operation of Pillow per line of a request to a raw RGB picture; answers with raw pictures.

usage: pil_reference.py REQUEST.json  — [{"op", "args", "width", "height", "input", "output"}], paths of raw files.
"""

import json
import sys

from PIL import Image, ImageEnhance, ImageOps

OPS = {
    "brightness": lambda im, f: ImageEnhance.Brightness(im).enhance(f),
    "contrast": lambda im, f: ImageEnhance.Contrast(im).enhance(f),
    "color": lambda im, f: ImageEnhance.Color(im).enhance(f),
    "sharpness": lambda im, f: ImageEnhance.Sharpness(im).enhance(f),
    "solarize": ImageOps.solarize,
    "posterize": ImageOps.posterize,
    "autoContrast": ImageOps.autocontrast,
    "equalize": ImageOps.equalize,
    "flip": ImageOps.mirror,
    "resizeBilinear": lambda im, w, h: im.resize((w, h), Image.BILINEAR),
    "resizeNearest": lambda im, w, h: im.resize((w, h), Image.NEAREST),
    "affine": lambda im, *m: im.transform(im.size, Image.AFFINE, m, Image.BILINEAR, fillcolor=(125, 125, 125)),
    "affineNearest": lambda im, *m: im.transform(im.size, Image.AFFINE, m, Image.NEAREST),
}

for job in json.load(open(sys.argv[1])):
    raw = open(job["input"], "rb").read()
    image = Image.frombytes("RGB", (job["width"], job["height"]), raw)
    open(job["output"], "wb").write(OPS[job["op"]](image, *job["args"]).tobytes())
