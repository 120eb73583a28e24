"""Answers cases on standard input, one JSON line each, with what pycocotools computes for them.

{"kind": "evaluate", "type", "gt", "dt", "agnostic"} -> {"stats": [...], "perCategory": [AP, ...], "precision", "recall", "scores"},
the arrays flat: [T, R, K, A] and [T, K, A, M]; "agnostic" is useCats = 0
{"kind": "rle", "height", "width", "pixels" (column-major 0/1), "polygons"} -> strings, areas, boxes, merges, IoUs
"""

import contextlib
import io
import json
import sys

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def evaluate(case):
    gt = COCO()
    gt.dataset = case["gt"]
    gt.createIndex()
    dt = gt.loadRes(case["dt"])
    evaluator = COCOeval(gt, dt, case["type"])
    if case["type"] == "keypoints":
        evaluator.params.kpt_oks_sigmas = np.array(case["sigmas"])
    if case.get("agnostic"):
        evaluator.params.useCats = 0
    evaluator.evaluate()
    evaluator.accumulate()
    evaluator.summarize()
    per_category = []
    precision = evaluator.eval["precision"]
    for k in range(precision.shape[2]):
        values = precision[:, :, k, 0, -1]
        values = values[values > -1]
        per_category.append(float(values.mean()) if values.size else -1)
    return {
        "stats": [float(value) for value in evaluator.stats],
        "perCategory": per_category,
        "precision": precision[..., -1].flatten().tolist(),
        "recall": evaluator.eval["recall"].flatten().tolist(),
        "scores": evaluator.eval["scores"][..., -1].flatten().tolist(),
    }


def rle(case):
    height, width = case["height"], case["width"]
    shape = (height, width)
    encoded = [
        masks.encode(np.asfortranarray(np.array(pixels, dtype=np.uint8).reshape(shape, order="F")))
        for pixels in case["pixels"]
    ]
    drawn = masks.frPyObjects(case["polygons"], height, width)
    everything = encoded + drawn
    crowd = case["crowd"]
    return {
        "strings": [entry["counts"].decode() for entry in everything],
        "areas": [int(value) for value in masks.area(everything)],
        "boxes": masks.toBbox(everything).tolist(),
        "union": masks.merge(everything)["counts"].decode(),
        "intersection": masks.merge(everything, intersect=True)["counts"].decode(),
        "pair": masks.merge(everything[:2], intersect=True)["counts"].decode(),
        "iou": masks.iou(everything, everything, crowd).tolist(),
        "decoded": [masks.decode(entry).flatten(order="F").tolist() for entry in drawn],
    }


for line in sys.stdin:
    case = json.loads(line)
    with contextlib.redirect_stdout(io.StringIO()):
        answer = evaluate(case) if case["kind"] == "evaluate" else rle(case)
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
