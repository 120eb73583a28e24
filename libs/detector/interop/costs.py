"""What PyTorch counts, for summary.interop.ts: `python costs.py CONDINST_CONFIG.json` prints one JSON object of GFLOP
(torch.utils.flop_counter, on the meta device) and MiB that autograd keeps (saved_tensors_hooks, every storage once)."""

import json
import sys

import torch
import torchvision
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from condinst_reference import CondInst

MODELS = torchvision.models
LARGE, SMALL = (800, 1088), (320, 320)


@torch.no_grad()
def gflop(module, forward, *inputs):
    module.to("meta")
    with FlopCounterMode(display=False) as counter:
        forward(*[x.to("meta") for x in inputs])
    return counter.get_total_flops() / 1e9


def kept_mebibytes(given, forward):
    """Of everything that the backward pass of `forward` needs, but what is given to it."""
    own = {x.untyped_storage().data_ptr() for x in given}
    kept = {}

    def pack(x):
        storage = x.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = (storage.nbytes(), x)  # the tensor is held, so that no address is used twice
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        forward()
    return sum(size for size, _ in kept.values()) / 2**20


def state(module):
    return [*module.parameters(), *module.buffers()]


def picture(size):
    return torch.randn(1, 3, *size)


def resnet_stages(model, x):
    x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    return model.layer4(model.layer3(model.layer2(model.layer1(x))))


def pyramid(channels, size):
    h, w = size[0] // 8, size[1] // 8
    maps = []
    for _ in range(5):
        maps.append(torch.randn(1, channels, h, w, requires_grad=True))
        h, w = -(-h // 2), -(-w // 2)
    return maps


def fcos():
    return MODELS.detection.fcos_resnet50_fpn(weights=None, weights_backbone=None, num_classes=80).eval()


def dynamic_head(model, count, size):
    cell = dict(
        image=torch.zeros(count, dtype=torch.long),
        centre=torch.zeros(count, 2, dtype=torch.double),
        level=torch.zeros(count, dtype=torch.long),
    )
    features = torch.randn(1, 8, size[0] // 8, size[1] // 8, requires_grad=True)
    return lambda parameters: model.mask_logits(model.mask_inputs(features, cell), parameters)


def mask_branch(model, maps):
    """With an enlargement that keeps nothing: the plain reference's aligned one pads, and pads keep what they read."""
    refined = [layer(x) for layer, x in zip(model.mask_branch.refine, maps)]
    size = refined[0].shape[2:]
    return model.mask_branch.tower(sum(F.interpolate(x, size=size, mode="nearest") for x in refined))


def main(path):
    with open(path) as file:
        config = json.load(file)
    detector, swin, frozen = fcos(), MODELS.swin_t(), torchvision.ops.FrozenBatchNorm2d
    condinst = CondInst(config)
    masks = torch.randn(config["maxDetections"], 169, requires_grad=True)
    counts = {
        "gflop": {
            "dynamicHead": dynamic_head_gflop(condinst, masks),
            "fcos": gflop(detector, lambda x: detector.head(list(detector.backbone(x).values())), picture(LARGE)),
            "swin": gflop(swin, swin.features, picture((224, 224))),
            "swinPadded": gflop(swin, swin.features, picture(LARGE)),
            "maskBranch": gflop(condinst, lambda *maps: condinst.mask_features(maps), *pyramid(256, LARGE)[:3]),
        },
        "mebibytes": {},
    }
    detector, swin, condinst, resnet = fcos(), MODELS.swin_t(), CondInst(config), MODELS.resnet50(norm_layer=frozen)
    live, maps, image = MODELS.resnet50(), pyramid(256, SMALL), picture(SMALL)
    counts["mebibytes"] = {
        "resnet": kept_mebibytes(state(resnet), lambda: resnet_stages(resnet, image)),
        "resnetLive": kept_mebibytes(state(live), lambda: resnet_stages(live, image)),
        "swin": kept_mebibytes(state(swin), lambda: swin.features(image)),
        "fcosHead": kept_mebibytes([*state(detector), *maps], lambda: detector.head(maps)),
        "maskBranch": kept_mebibytes([*state(condinst), *maps], lambda: mask_branch(condinst, maps)),
    }
    print(json.dumps(counts))


@torch.no_grad()
def dynamic_head_gflop(model, masks):
    head = dynamic_head(model, len(masks), LARGE)
    with FlopCounterMode(display=False) as counter:
        head(masks)
    return counter.get_total_flops() / 1e9


if __name__ == "__main__":
    main(sys.argv[1])
