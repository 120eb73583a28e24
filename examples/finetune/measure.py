"""COCO AP of a torchvision model on a split of the scenes, by pycocotools."""

import contextlib
import io

import numpy as np
import torch
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from scenes import KEYPOINTS

# Between those of an eye and a hip in COCO: a tenth of the object's size.
SIGMAS = np.full(len(KEYPOINTS), 0.05)


@torch.no_grad()
def measure(model, dataset, kinds, agnostic=False, batch_size=8):
    """{"bbox": AP, …}, fractions of 1. agnostic: one category for all, as the warmup has it."""
    model.eval()
    results = {kind: [] for kind in kinds}
    for start in range(0, len(dataset), batch_size):
        samples = [dataset[index] for index in range(start, min(start + batch_size, len(dataset)))]
        for (_, target), found in zip(samples, model([image for image, _ in samples])):
            for kind in kinds:
                results[kind] += rows(kind, target["image_id"], found)
    return {kind: average_precision(dataset, kind, results[kind], agnostic) for kind in kinds}


def rows(kind, image_id, found):
    boxes = found["boxes"].numpy()
    made = []
    for index, (label, score) in enumerate(zip(found["labels"].tolist(), found["scores"].tolist())):
        x1, y1, x2, y2 = boxes[index].tolist()
        row = {"image_id": image_id, "category_id": label, "score": score, "bbox": [x1, y1, x2 - x1, y2 - y1]}
        if kind == "segm":
            shape = np.asfortranarray((found["masks"][index, 0] > 0.5).numpy().astype(np.uint8))
            row["segmentation"] = masks.encode(shape)
            del row["bbox"]
        if kind == "keypoints":
            row["keypoints"] = [float(v) for x, y, _ in found["keypoints"][index].tolist() for v in (x, y, 1)]
        made.append(row)
    return made


def average_precision(dataset, kind, results, agnostic):
    if not results:
        return 0.0
    truth = COCO()
    truth.dataset = document(dataset)
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), kind)
        if kind == "keypoints":
            evaluation.params.kpt_oks_sigmas = SIGMAS
        if agnostic:
            evaluation.params.useCats = 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def document(dataset):
    """The truth under torchvision's labels, with keypoints."""
    annotations = []
    for index in range(len(dataset)):
        image, target = dataset[index]
        for box, label, shape, points in zip(target["boxes"], target["labels"], target["masks"], target["keypoints"]):
            x1, y1, x2, y2 = box.tolist()
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": target["image_id"],
                    "category_id": int(label),
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": float(shape.sum()),
                    "iscrowd": 0,
                    "segmentation": masks.encode(np.asfortranarray(shape.numpy())),
                    "keypoints": points.flatten().tolist(),
                    "num_keypoints": len(KEYPOINTS),
                }
            )
    images = [{"id": image["id"], "height": image["height"], "width": image["width"]} for image in dataset.images]
    categories = [{"id": index + 1, "name": category["name"]} for index, category in enumerate(dataset.categories)]
    return {"images": images, "annotations": annotations, "categories": categories}
