"""Reads our exports as their users do, and prints each label's area and box: pycocotools for COCO, XML and CVAT's own run order for CVAT,
Label Studio's own brush code for Label Studio, and datumaro, CVAT's library, where it is installed."""

import importlib.util
import json
import sys
import xml.etree.ElementTree as xml

import numpy as np
from pycocotools.coco import COCO


def told(mask):
    rows, columns = np.where(mask)
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return [int(mask.sum()), *(int(side) for side in box)]


def coco(path):
    dataset = COCO(path)
    annotations = dataset.loadAnns(sorted(dataset.getAnnIds()))
    return [told(dataset.annToMask(annotation)) for annotation in annotations]


def cvat(path):
    """As cvat.apps.dataset_manager does: runs of the box, row by row, the first of background."""
    found = []
    for image in xml.parse(path).getroot().iter("image"):
        size = (int(image.get("height")), int(image.get("width")))
        for shape in image.iter("mask"):
            left, top, width, height = (int(shape.get(name)) for name in ("left", "top", "width", "height"))
            runs = [int(run) for run in shape.get("rle").split(",")]
            flat = np.repeat(np.arange(len(runs)) % 2, runs)
            mask = np.zeros(size, np.uint8)
            mask[top : top + height, left : left + width] = flat.reshape(height, width)
            found.append(told(mask))
    return found


def label_studio(path):
    # The package as a whole wants the client's dozens of dependencies; its brush code is one file.
    package = importlib.util.find_spec("label_studio_sdk").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("brush", package + "/converter/brush.py")
    brush = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(brush)
    with open(path) as file:
        tasks = json.load(file)
    found = []
    for task in tasks:
        for result in task["predictions"][0]["result"]:
            if result["type"] != "brushlabels":
                continue
            size = (result["original_height"], result["original_width"], 4)
            found.append(told(brush.decode_rle(result["value"]["rle"]).reshape(size)[:, :, 3] > 0))
    return found


print()
print(json.dumps({"coco": coco(sys.argv[1]), "cvat": cvat(sys.argv[2]), "label-studio": label_studio(sys.argv[3])}))
