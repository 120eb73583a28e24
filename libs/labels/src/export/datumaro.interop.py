"""Reads our exports with datumaro, the library behind CVAT's formats, and prints each label's name, score, area and box."""

import json
import sys

import datumaro
import numpy as np


def read(path, name):
    dataset = datumaro.Dataset.import_from(path, name)
    labels = dataset.categories()[datumaro.AnnotationType.label]
    found = []
    for item in dataset:
        for annotation in item.annotations:
            if not isinstance(annotation, datumaro.Mask):
                continue
            rows, columns = np.where(annotation.image)
            box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            score = float(annotation.attributes["score"])
            place = [int(annotation.image.sum()), *(int(side) for side in box)]
            found.append([item.id, labels[annotation.label].name, score, *place])
    return found


print()
print(json.dumps({"coco": read(sys.argv[1], "coco_instances"), "cvat": read(sys.argv[2], "cvat")}))
