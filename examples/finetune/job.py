"""A finetuning job as its user would write it: arguments, model, warmup, training, numbers."""

import argparse
import json

import torch
from torchvision.models import resnet18
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead

import warmup
from measure import measure
from scenes import Scenes, batches


def arguments(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, help="folder of `cassl data scenes`")
    parser.add_argument("--registry", help="http:// address of the registry; without it the job starts from scratch")
    parser.add_argument("--reference", help="alias or digest of the warmup")
    parser.add_argument("--framework", default="torchvision", help="whose names the registry gives the tensors")
    parser.add_argument("--channels", type=int, default=96, help="of the pyramid, as the warmup has them")
    parser.add_argument("--first-level", type=int, help="of the model's pyramid, where it is not the usual one")
    parser.add_argument("--iterations", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--size", type=int, default=128, help="pixels of a side")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="file for the numbers")
    return parser.parse_args(argv)


def backbone(channels, returned_layers, extra_blocks):
    """ResNet-18 and a pyramid, of any width; torchvision's own constructor has 256 channels only."""
    body = resnet18(weights=None)
    layers = {f"layer{k}": str(n) for n, k in enumerate(returned_layers)}
    widths = [64 * 2 ** (k - 1) for k in returned_layers]
    return BackboneWithFPN(body, layers, widths, channels, extra_blocks)


# torchvision's proposals are counted for photos of 800 px with dozens of objects; scenes have a handful.
SCENES_OF_FEW = {
    "rpn_pre_nms_top_n_train": 400,
    "rpn_post_nms_top_n_train": 200,
    "rpn_pre_nms_top_n_test": 400,
    "rpn_post_nms_top_n_test": 100,
    "rpn_batch_size_per_image": 64,
    "box_batch_size_per_image": 32,
    "box_detections_per_img": 20,
}
ROI_WIDTH = 64


def roi_boxes(channels, classes):
    """Box head and predictor of width 256 instead of 1,024."""
    return {"box_head": TwoMLPHead(channels * 7**2, 256), "box_predictor": FastRCNNPredictor(256, classes)}


def run(args, build, kinds, first_level=3, leave=()):
    """build(classes with background) makes the model. Returns and prints AP and the load report."""
    torch.manual_seed(args.seed)
    train, val = Scenes(args.data, "train2017"), Scenes(args.data, "val2017")
    model = build(len(train.categories) + 1)
    report = None
    if args.registry:
        tensors = warmup.pull(args.registry, args.reference, args.framework)
        report = warmup.load(model, tensors, args.first_level or first_level, leave)
        print(report)
    losses = finetune(model, train, args)
    numbers = {
        "iterations": args.iterations,
        "seed": args.seed,
        "lastLoss": losses[-1],
        "AP": measure(model, val, kinds),
        "AP-agnostic": measure(model, val, ("bbox",), agnostic=True),
        "matched": len(report.matched) if report else 0,
        "ignored": len(report.ignored) if report else 0,
        "fresh": len(report.fresh) if report else len(model.state_dict()),
    }
    if args.out:
        with open(args.out, "w") as file:
            json.dump(numbers, file, indent=2)
    print(json.dumps(numbers))
    return numbers


def finetune(model, dataset, args):
    """AdamW with a cosine, gradients cut at 10: the same for every model, with and without warmup."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.iterations)
    model.train()
    losses = []
    for batch in batches(dataset, args.batch_size, args.iterations, args.seed):
        loss = sum(model([image for image, _ in batch], [target for _, target in batch]).values())
        if not torch.isfinite(loss):
            raise ArithmeticError(f"the loss was {loss.item()} at iteration {len(losses)}; lower --learning-rate {args.learning_rate}")
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses
