"""CondInst on ResNet-18 in plain PyTorch (no torchvision, so that Debian's python3-torch suffices): one training step on the
batch and targets that `condinst.ts` wrote, everything batched the way a PyTorch author would."""

import base64
import json

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, norm):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = norm(outputs), norm(outputs)
        down = stride != 1 or inputs != outputs
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(outputs)) if down else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


def tower(width, count, groups):
    layers = []
    for _ in range(count):
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(groups, width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def unit(inputs, outputs, groups):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(groups, outputs), nn.ReLU(inplace=True))


def aligned_bilinear(x, factor):
    if factor == 1:
        return x
    h, w = x.shape[2:]
    x = F.pad(x, (0, 1, 0, 1), mode="replicate")
    x = F.interpolate(x, size=(factor * h + 1, factor * w + 1), mode="bilinear", align_corners=True)
    return F.pad(x, (factor // 2, 0, factor // 2, 0), mode="replicate")[:, :, : factor * h, : factor * w]


class CondInst(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        width, d = c["pyramidChannels"], c["dynamicChannels"]
        norm = lambda channels: nn.GroupNorm(c["backboneGroups"], channels)
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), norm(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
        widths = [64, 128, 256, 512]
        self.stages = nn.ModuleList(
            nn.Sequential(Block(widths[max(0, i - 1)], w, 2 if i else 1, norm), Block(w, w, 1, norm)) for i, w in enumerate(widths)
        )
        inputs = c["pyramidInputs"]
        self.laterals = nn.ModuleList(nn.Conv2d(widths[k - 2], width, 1) for k in inputs)
        self.outputs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in inputs)
        self.extra = nn.ModuleList(nn.Conv2d(width, width, 3, 2, 1) for k in c["levels"] if k > inputs[-1])
        self.cls_tower = tower(width, c["towerConvolutions"], c["towerGroups"])
        self.box_tower = tower(width, c["towerConvolutions"], c["towerGroups"])
        self.cls_logits = nn.Conv2d(width, c["classes"], 3, padding=1)
        self.box_pred = nn.Conv2d(width, 4, 3, padding=1)
        self.ctrness = nn.Conv2d(width, 1, 3, padding=1)
        self.scales = nn.Parameter(torch.ones(len(c["levels"])))
        self.kernel_size = (d + 2) * d + d * d + d + 2 * d + 1
        self.controller = nn.Conv2d(width, self.kernel_size, 3, padding=1)
        self.refine = nn.ModuleList(unit(width, c["maskChannels"], c["maskGroups"]) for _ in range(c["maskLevels"]))
        units = [unit(c["maskChannels"], c["maskChannels"], c["maskGroups"]) for _ in range(c["maskConvolutions"])]
        self.mask_tower = nn.Sequential(*units, nn.Conv2d(c["maskChannels"], d, 1))
        nn.init.constant_(self.cls_logits.bias, -4.595)
        nn.init.constant_(self.box_pred.bias, c["boxBias"])

    def pyramid(self, x):
        x, maps = self.stem(x), {}
        for k, stage in zip((2, 3, 4, 5), self.stages):
            x = maps[k] = stage(x)
        merged, out = None, {}
        for k, lateral, output in reversed(list(zip(self.c["pyramidInputs"], self.laterals, self.outputs))):
            y = lateral(maps[k])
            merged = y if merged is None else y + F.interpolate(merged, scale_factor=2, mode="nearest")
            out[k] = output(merged)
        result = [out[k] for k in self.c["pyramidInputs"] if k in self.c["levels"]]
        for index, layer in enumerate(self.extra):
            result.append(layer(result[-1] if index == 0 else F.relu(result[-1])))
        return result

    def loss(self, images, t):
        c, pyramid = self.c, self.pyramid(images)
        rows = lambda maps: torch.cat([m.permute(0, 2, 3, 1).reshape(-1, m.shape[1]) for m in maps])
        boxes = [self.box_tower(p) for p in pyramid]
        logits = rows([self.cls_logits(self.cls_tower(p)) for p in pyramid])
        distances = rows([F.relu(self.box_pred(b) * s) for b, s in zip(boxes, self.scales)])[t["cells"]]
        quality = rows([self.ctrness(b) for b in boxes])[t["cells"], 0]
        kernels = rows([self.controller(b) for b in boxes])[t["cells"]]
        count = len(t["cells"])

        labels = F.one_hot(t["labels"], c["classes"] + 1)[:, : c["classes"]].float()
        p = torch.sigmoid(logits)
        p_t = p * labels + (1 - p) * (1 - labels)
        entropy = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        weight = c["focalAlpha"] * labels + (1 - c["focalAlpha"]) * (1 - labels)
        cls = (weight * (1 - p_t) ** 2 * entropy).sum() / count

        area = lambda v: (v[:, 0] + v[:, 2]) * (v[:, 1] + v[:, 3])
        intersection = area(torch.minimum(distances, t["distances"]))
        union = area(distances) + area(t["distances"]) - intersection
        enclosing = area(torch.maximum(distances, t["distances"]))
        giou = (intersection + 1) / (union + 1) - (enclosing - union) / enclosing
        box = (t["centerness"] * (1 - giou)).sum() / t["centerness"].sum()
        ctr = F.binary_cross_entropy_with_logits(quality, t["centerness"])
        return cls + box + ctr + self.mask_loss(pyramid, kernels, t)

    def mask_loss(self, pyramid, kernels, t):
        total = sum(aligned_bilinear(layer(pyramid[i]), 2**i) for i, layer in enumerate(self.refine))
        features = self.mask_tower(total)
        batch, d, h, w = features.shape
        slots, stride = t["slots"], 2 ** self.c["levels"][0]
        parts = kernels[t["maskPositives"]].split([(d + 2) * d, d * d, d, d, d, 1], 1)
        weights = (parts[0].view(-1, d, d + 2), parts[1].view(-1, d, d), parts[2].view(-1, 1, d))
        grid = lambda n: torch.arange(n, device=features.device) * stride + stride / 2
        v, u = torch.meshgrid(grid(h), grid(w), indexing="ij")
        origin = t["origins"]
        x = origin[:, 0:1] - u.reshape(1, -1) * origin[:, 2:3]
        y = origin[:, 1:2] - v.reshape(1, -1) * origin[:, 2:3]
        own = features.view(batch, 1, d, h * w).expand(-1, slots, -1, -1).reshape(batch * slots, d, h * w)
        z = torch.cat([x[:, None], y[:, None], own], 1)
        for index, weight in enumerate(weights):
            z = torch.baddbmm(parts[3 + index][:, :, None], weight, z)
            if index < 2:
                z = F.relu(z)
        m = torch.sigmoid(aligned_bilinear(z.view(-1, 1, h, w), 2)).flatten(1)
        g = t["samples"][t["targetIndex"]]
        dice = 1 - 2 * (m * g).sum(1) / ((m * m).sum(1) + (g * g).sum(1) + 1e-5)
        return (dice * t["weights"]).sum() / t["weights"].sum()


def read_work(path):
    with open(path) as file:
        work = json.load(file)
    b, positives, masks = work["batch"], work["batch"]["positives"], work["batch"]["masks"]
    images = torch.frombuffer(bytearray(base64.b64decode(b["images"])), dtype=torch.float32)
    images = images.view(b["batchSize"], b["height"], b["width"], 3).permute(0, 3, 1, 2)
    targets = dict(
        labels=torch.tensor(b["labels"]),
        cells=torch.tensor(positives["cells"]),
        distances=torch.tensor(positives["distances"]).view(-1, 4),
        centerness=torch.tensor(positives["centerness"]),
        slots=masks["slots"],
        maskPositives=torch.tensor(masks["positives"]),
        origins=torch.tensor(masks["origins"]).view(-1, 3),
        weights=torch.tensor(masks["weights"]),
        targetIndex=torch.tensor(masks["targetIndex"]),
        samples=torch.tensor(masks["samples"], dtype=torch.float32).view(masks["sampleCount"], -1),
    )
    return work, images, targets


def condinst_training(path, memory_format, device="cpu", autocast=False):
    """A function that runs one training step and returns its loss, still on the device: on a GPU all is queued, nothing waited
    for. The images come from pinned memory at every step, as from a DataLoader."""
    work, images, targets = read_work(path)
    model = CondInst(work["config"]).to(device=device, memory_format=memory_format)
    images = images.contiguous(memory_format=memory_format)
    if device != "cpu":
        images = images.pin_memory()
    targets = {k: v.to(device) if torch.is_tensor(v) else v for k, v in targets.items()}
    optimizer = torch.optim.SGD(model.parameters(), work["learningRate"], 0.9, weight_decay=1e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=autocast):
            loss = model.loss(images.to(device, non_blocking=True), targets)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def condinst_jobs(path, memory_format):
    step = condinst_training(path, memory_format)
    return {"condinstStep": lambda: step().item()}
