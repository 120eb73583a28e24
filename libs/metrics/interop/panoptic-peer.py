"""Panoptic quality of random scenes, for comparison: argv[1] is a folder with gt.json, dt.json and the PNG folders gt, dt.

Uses panopticapi where it is installed (PyPI: panopticapi-lite), else a direct computation from pixel sets.
"""

import json
import sys

import numpy as np
from PIL import Image

folder = sys.argv[1]


def by_panopticapi():
    from panopticapi.evaluation import PQStat, pq_compute_single_core

    gt = json.load(open(f"{folder}/gt.json"))
    dt = json.load(open(f"{folder}/dt.json"))
    categories = {entry["id"]: entry for entry in gt["categories"]}
    predictions = {entry["image_id"]: entry for entry in dt["annotations"]}
    pairs = [(entry, predictions[entry["image_id"]]) for entry in gt["annotations"]]
    stat = PQStat()
    stat += pq_compute_single_core(0, pairs, f"{folder}/gt", f"{folder}/dt", categories)
    answer = {}
    for name, isthing in [("all", None), ("things", True), ("stuff", False)]:
        numbers, per_class = stat.pq_average(categories, isthing=isthing)
        answer[name] = [numbers["pq"], numbers["sq"], numbers["rq"]]
    answer["source"] = "panopticapi"
    return answer


def by_pixel_sets():
    gt = json.load(open(f"{folder}/gt.json"))
    dt = json.load(open(f"{folder}/dt.json"))
    predictions = {entry["image_id"]: entry for entry in dt["annotations"]}
    tally = {entry["id"]: [0.0, 0, 0, 0] for entry in gt["categories"]}
    for truth in gt["annotations"]:
        guess = predictions[truth["image_id"]]
        maps = []
        for side, entry in (("gt", truth), ("dt", guess)):
            rgb = np.array(Image.open(f"{folder}/{side}/{entry['file_name']}")).astype(np.int64)
            maps.append(rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2])
        gt_map, dt_map = maps
        void = gt_map == 0
        matched = set()
        for segment in truth["segments_info"]:
            if segment["iscrowd"]:
                continue
            here = gt_map == segment["id"]
            hit = None
            for other in guess["segments_info"]:
                there = dt_map == other["id"]
                if other["category_id"] != segment["category_id"]:
                    continue
                iou = (here & there).sum() / (here | (there & ~void)).sum()
                if iou > 0.5:
                    hit = (other["id"], iou)
            if hit is None:
                tally[segment["category_id"]][3] += 1
            else:
                matched.add(hit[0])
                tally[segment["category_id"]][0] += hit[1]
                tally[segment["category_id"]][1] += 1
        crowds = {s["category_id"]: s["id"] for s in truth["segments_info"] if s["iscrowd"]}
        for other in guess["segments_info"]:
            if other["id"] in matched:
                continue
            there = dt_map == other["id"]
            excuse = void | (gt_map == crowds.get(other["category_id"], -1))
            if (there & excuse).sum() / there.sum() <= 0.5:
                tally[other["category_id"]][2] += 1
    answer = {"source": "pixel sets"}
    for name, chosen in [("all", (0, 1)), ("things", (1,)), ("stuff", (0,))]:
        rows = []
        for entry in gt["categories"]:
            iou, tp, fp, fn = tally[entry["id"]]
            if entry["isthing"] in chosen and tp + fp + fn > 0:
                weight = tp + fp / 2 + fn / 2
                rows.append([iou / weight, iou / tp if tp else 0.0, tp / weight])
        answer[name] = np.mean(rows, axis=0).tolist()
    return answer


try:
    import panopticapi  # noqa: F401

    result = by_panopticapi()
except ImportError:
    result = by_pixel_sets()
sys.stdout.write("\n" + json.dumps(result) + "\n")
