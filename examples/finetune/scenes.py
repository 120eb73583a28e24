"""Generated scenes (`cassl data scenes`) as torchvision's detection models want them, with keypoints made from the masks."""

import json
import pathlib
import random

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as masks

# The outermost pixels of a silhouette and its middle: points that can be found in a picture and need no annotator.
KEYPOINTS = ("left", "top", "right", "bottom", "middle")


class Scenes(torch.utils.data.Dataset):
    """One split: (image [3, H, W] in 0..1, target with boxes, labels from 1, masks, keypoints [N, 5, 3])."""

    def __init__(self, folder, split):
        self.folder = pathlib.Path(folder)
        self.split = split
        document = json.loads((self.folder / f"annotations/instances_{split}.json").read_text())
        self.images = sorted(document["images"], key=lambda image: image["id"])
        self.categories = sorted(document["categories"], key=lambda category: category["id"])
        self.labels = {category["id"]: index + 1 for index, category in enumerate(self.categories)}
        self.annotations = {image["id"]: [] for image in self.images}
        for annotation in document["annotations"]:
            if not annotation.get("iscrowd"):
                self.annotations[annotation["image_id"]].append(annotation)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        pixels = np.asarray(Image.open(self.folder / self.split / image["file_name"]).convert("RGB"))
        found = self.annotations[image["id"]]
        shapes = np.stack([decode(a["segmentation"], image) for a in found]) if found else np.zeros((0, *pixels.shape[:2]), np.uint8)
        boxes = [[x, y, x + w, y + h] for x, y, w, h in (a["bbox"] for a in found)]
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255, {
            "image_id": image["id"],
            "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
            "labels": torch.tensor([self.labels[a["category_id"]] for a in found], dtype=torch.int64),
            "masks": torch.from_numpy(shapes),
            "keypoints": torch.tensor([keypoints(shape) for shape in shapes], dtype=torch.float32).reshape(-1, len(KEYPOINTS), 3),
        }


def decode(segmentation, image):
    if isinstance(segmentation, list):
        segmentation = masks.merge(masks.frPyObjects(segmentation, image["height"], image["width"]))
    elif isinstance(segmentation["counts"], list):
        segmentation = masks.frPyObjects(segmentation, image["height"], image["width"])
    return masks.decode(segmentation)


def keypoints(shape):
    """[x, y, 2] of each of KEYPOINTS."""
    ys, xs = np.nonzero(shape)
    outer = [xs.argmin(), ys.argmin(), xs.argmax(), ys.argmax()]
    return [[float(xs[i]), float(ys[i]), 2.0] for i in outer] + [[float(xs.mean()), float(ys.mean()), 2.0]]


def batches(dataset, batch_size, iterations, seed):
    """Endless passes in random order, each image mirrored half of the time; the same for every model of a seed."""
    draw = random.Random(seed)
    order = []
    for _ in range(iterations):
        while len(order) < batch_size:
            order += draw.sample(range(len(dataset)), len(dataset))
        chosen, order = order[:batch_size], order[batch_size:]
        yield [mirrored(*dataset[index]) if draw.random() < 0.5 else dataset[index] for index in chosen]


def mirrored(image, target):
    width = image.shape[2]
    x1, y1, x2, y2 = target["boxes"].unbind(1)
    points = target["keypoints"].clone()
    points[..., 0] = width - 1 - points[..., 0]
    # What was leftmost is rightmost now.
    points = points[:, [2, 1, 0, 3, 4]]
    boxes = torch.stack([width - x2, y1, width - x1, y2], 1)
    return image.flip(2), {**target, "boxes": boxes, "masks": target["masks"].flip(2), "keypoints": points}
