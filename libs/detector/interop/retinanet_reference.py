"""For retinanet.interop.ts: `python retinanet_reference.py FOLDER` lets torchvision's RetinaNet head, matcher, box coder and anchors work
on our weights, feature maps and ground truths (input.safetensors) and writes what comes out (output.safetensors)."""

import json
import sys

import torch
from safetensors.torch import load_file, save_file
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.ops import box_iou

folder = sys.argv[1]
config = json.load(open(f"{folder}/config.json"))
given = load_file(f"{folder}/input.safetensors")

channels, classes = config["channels"], config["classes"]
head = RetinaNetHead(channels, 9, classes)
conv = config["convolutions"]
for part in (head.classification_head, head.regression_head):
    part.conv = part.conv[:conv]
weights = {k[len("head.") :]: v for k, v in given.items() if k.startswith("head.")}
missing, unexpected = head.load_state_dict(weights, strict=False)
assert not missing and not unexpected, (missing, unexpected)

maps = [given[f"map.{level}"].permute(0, 3, 1, 2).contiguous() for level in range(len(config["sizes"]))]
outputs = head(maps)

sizes = tuple(tuple(s * 2 ** (o / 3) for o in range(3)) for s in config["sizes"])
generator = AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(sizes))
side = config["side"]
rounded = generator(ImageList(torch.zeros(1, 3, side, side), [(side, side)]), maps)[0]

# Ours, which are not rounded, for everything after.
anchors = given["anchors"]
targets = [{"boxes": given["boxes"], "labels": given["labels"].long()}]
matched = Matcher(0.5, 0.4, allow_low_quality_matches=True)(box_iou(given["boxes"], anchors))
losses = head.compute_loss(targets, outputs, [anchors], [matched])
decoded = BoxCoder((1.0, 1.0, 1.0, 1.0)).decode_single(outputs["bbox_regression"][0], anchors)
save_file(
    {
        "logits": outputs["cls_logits"][0].detach().contiguous(),
        "deltas": outputs["bbox_regression"][0].detach().contiguous(),
        "rounded": rounded.contiguous(),
        "matched": matched.to(torch.int32),
        "decoded": decoded.detach().contiguous(),
        "classification": losses["classification"].detach(),
        "regression": losses["bbox_regression"].detach(),
    },
    f"{folder}/output.safetensors",
)
