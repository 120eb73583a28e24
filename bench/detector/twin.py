"""The PyTorch twin of `ours.ts`: the same model, pictures and steps, in channels_last float32."""

import json
import math
import os
import resource
import sys
import time

import torch
import torchvision

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../libs/detector/interop"))
import condinst_reference  # noqa: E402
from condinst_reference import CondInst  # noqa: E402


class SwinTrunk(torch.nn.Module):
    """torchvision's Swin-T with the detection form's output norms."""

    def __init__(self):
        super().__init__()
        self.features = torchvision.models.swin_t(weights=None).features
        self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(96 * 2**i) for i in range(4))

    def forward(self, x):
        maps = {}
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index % 2 == 1:
                maps[2 + index // 2] = self.norms[index // 2](x).permute(0, 3, 1, 2)
        return maps


class Twin(CondInst):
    def __init__(self, config, swin):
        super().__init__(config)
        if swin:
            self.backbone.bottom_up = SwinTrunk()
            for k in (3, 4, 5):
                setattr(self.backbone, f"fpn_lateral{k}", torch.nn.Conv2d(96 * 2 ** (k - 2), 256, 1))
            torch.nn.init.zeros_(self.controller.bias)
        torch.nn.init.constant_(self.proposal_generator.fcos_head.cls_logits.bias, -math.log(0.94 / 0.06))
        for module in (self.proposal_generator, self.controller):
            for name, parameter in module.named_parameters():
                if parameter.dim() == 4:
                    torch.nn.init.normal_(parameter, std=0.01)


CONFIG = dict(
    backbone="resnet50", backboneNorm="frozen-batch", pyramidInputs=[3, 4, 5], levels=[3, 4, 5, 6, 7],
    rangeLimits=[64, 128, 256, 512], pyramidChannels=256, towerConvolutions=4, towerGroups=32, classes=80,
    predictorBias=True, masks=True, kernelHead="convolution", kernelBank=False, overlapWeight=0, maskNorm="batch",
    maskGroups=32, maskChannels=128, maskLevels=3, maskConvolutions=4, dynamicChannels=8, centerRadius=1.5,
    focalAlpha=0.25, focalGamma=2, boxQuality="centerness", thresholdOn="class", scoreThreshold=0.05,
    candidatesPerLevel=1000, nmsThreshold=0.6, maxDetections=100, maskThreshold=0.5,
)  # fmt: skip


def picture(index, size):
    pixels = (torch.arange(size * size * 3) * 7919 + index * 104729) % 256
    image = (pixels.view(size, size, 3).permute(2, 0, 1).float() - 116) / 57
    boxes, masks = [], []
    for k in range(4):
        side, x, y = size * (2 + k) // 10, size * k // 8, size * (3 - k) // 8
        mask = torch.zeros(size, size)
        mask[y : y + side, x : x + side] = 1
        boxes.append([x, y, x + side, y + side])
        masks.append(mask)
    return image, dict(boxes=torch.tensor(boxes), labels=torch.arange(4), masks=torch.stack(masks))


def main(spec):
    torch.manual_seed(1)
    swin = spec["preset"] == "condinst-swin-t"
    if swin:
        condinst_reference.trunk_features = lambda trunk, x: trunk(x)
    model = Twin(CONFIG, swin).to(memory_format=torch.channels_last)
    pictures = [picture(i, spec["size"]) for i in range(spec["batch"])]
    images = torch.stack([image for image, _ in pictures])
    padded = -(-spec["size"] // 32) * 32
    images = torch.nn.functional.pad(images, (0, padded - spec["size"], 0, padded - spec["size"]))
    images = images.contiguous(memory_format=torch.channels_last)
    truths = [truth for _, truth in pictures]
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4)

    def train():
        optimizer.zero_grad()
        model.loss(images, truths)["total"].backward()
        optimizer.step()

    def infer():
        size = [(spec["size"], spec["size"])] * spec["batch"]
        model.detect(images, size, size)

    model.train(spec["mode"] == "training")
    times = []
    for index in range(spec["steps"] + 1):
        start = time.perf_counter()
        (train if spec["mode"] == "training" else infer)()
        if index > 0:
            times.append(time.perf_counter() - start)
    median = sorted(times)[len(times) // 2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(dict(imagesPerSecond=spec["batch"] / median, peakBytes=peak)))


main(json.loads(sys.argv[1]))
