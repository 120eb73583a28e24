"""FCOS and CondInst in plain PyTorch, written from the method's description in the most literal way: every location
against every ground truth, every instance with its own copy of the features. Shares nothing with libs/detector but names."""

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

INF = float("inf")


def resnet(name, norm, groups=8):
    layers = {
        "frozen-batch": torchvision.ops.FrozenBatchNorm2d,
        "batch": nn.BatchNorm2d,
        "group": lambda channels: nn.GroupNorm(groups, channels),
    }
    trunk = getattr(torchvision.models, name)(weights=None, norm_layer=layers[norm])
    del trunk.fc
    return trunk


def trunk_features(trunk, x):
    x = trunk.maxpool(trunk.relu(trunk.bn1(trunk.conv1(x))))
    maps = {}
    for level in (2, 3, 4, 5):
        x = getattr(trunk, f"layer{level - 1}")(x)
        maps[level] = x
    return maps


def aligned_bilinear(x, factor):
    if factor == 1:
        return x
    h, w = x.shape[2:]
    x = F.pad(x, (0, 1, 0, 1), mode="replicate")
    x = F.interpolate(x, size=(factor * h + 1, factor * w + 1), mode="bilinear", align_corners=True)
    x = F.pad(x, (factor // 2, 0, factor // 2, 0), mode="replicate")
    return x[:, :, : factor * h, : factor * w]


def unit(inputs, outputs, kernel, norm, groups):
    normalise = nn.BatchNorm2d(outputs) if norm == "batch" else nn.GroupNorm(groups, outputs)
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False), normalise, nn.ReLU())


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))


class FcosHead(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c["pyramidChannels"]

        def tower():
            layers = []
            for _ in range(c["towerConvolutions"]):
                layers += [nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(c["towerGroups"], width), nn.ReLU()]
            return nn.Sequential(*layers)

        self.cls_tower = tower()
        self.bbox_tower = tower()
        self.cls_logits = nn.Conv2d(width, c["classes"], 3, padding=1)
        self.bbox_pred = nn.Conv2d(width, 4, 3, padding=1, bias=c["predictorBias"])
        self.ctrness = nn.Conv2d(width, 1, 3, padding=1, bias=c["predictorBias"])
        self.scales = nn.ModuleList(Scale() for _ in c["levels"])


class KernelHead(nn.Module):
    """The entity variant: coordinates, three norm blocks, then the convolution that gives the parameters."""

    def __init__(self, width, groups, outputs):
        super().__init__()
        self.kernel_head = nn.Module()
        for n in (1, 2, 3):
            conv = nn.Conv2d(width + 2 if n == 1 else width, width, 3, padding=1, bias=False)
            conv.norm = nn.GroupNorm(groups, width)
            setattr(self.kernel_head, f"kernel_head_head_{n}", conv)
        self.out_conv = nn.Conv2d(width, outputs, 3, padding=1)

    def forward(self, x):
        batch, _, h, w = x.shape
        rows = torch.linspace(-1, 1, h, dtype=x.dtype).view(1, 1, h, 1).expand(batch, 1, h, w)
        columns = torch.linspace(-1, 1, w, dtype=x.dtype).view(1, 1, 1, w).expand(batch, 1, h, w)
        x = torch.cat([x, rows, columns], 1)
        for n in (1, 2, 3):
            conv = getattr(self.kernel_head, f"kernel_head_head_{n}")
            x = F.relu(conv.norm(F.conv2d(x, conv.weight, padding=1)))
        return self.out_conv(x)


class CondInst(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        width, d = c["pyramidChannels"], c["dynamicChannels"]
        self.backbone = nn.Module()
        self.backbone.bottom_up = resnet(c["backbone"], c["backboneNorm"])
        expansion = 1 if c["backbone"] in ("resnet18", "resnet34") else 4
        for k in c["pyramidInputs"]:
            setattr(self.backbone, f"fpn_lateral{k}", nn.Conv2d(expansion * 64 * 2 ** (k - 2), width, 1))
            setattr(self.backbone, f"fpn_output{k}", nn.Conv2d(width, width, 3, padding=1))
        self.extra = [k for k in c["levels"] if k > c["pyramidInputs"][-1]]
        self.backbone.top_block = nn.Module()
        for k in self.extra:
            setattr(self.backbone.top_block, f"p{k}", nn.Conv2d(width, width, 3, stride=2, padding=1))
        self.proposal_generator = nn.Module()
        self.proposal_generator.fcos_head = FcosHead(c)
        if not c["masks"]:
            return
        count = (d + 2) * d + d * d + d + 2 * d + 1
        coordinates = c["kernelHead"] == "coordinates"
        self.controller = KernelHead(width, c["towerGroups"], count) if coordinates else nn.Conv2d(width, count, 3, padding=1)
        self.mask_branch = nn.Module()
        mask = dict(norm=c["maskNorm"], groups=c["maskGroups"])
        channels = c["maskChannels"]
        self.mask_branch.refine = nn.ModuleList(unit(width, channels, 3, **mask) for _ in range(c["maskLevels"]))
        tower = [unit(channels, channels, 3, **mask) for _ in range(c["maskConvolutions"])]
        self.mask_branch.tower = nn.Sequential(*tower, nn.Conv2d(channels, d, 1))
        if c["kernelBank"]:
            self.mask_head = nn.Module()
            convs = [nn.Conv2d(i, o, 3, padding=1) for i, o in ((d + 2, d), (d, d), (d, 1))]
            self.mask_head.stable = nn.ModuleList([nn.Sequential(convs[0]), nn.Sequential(convs[1]), convs[2]])

    def pyramid(self, x):
        maps = trunk_features(self.backbone.bottom_up, x)
        merged, outputs = None, {}
        for k in reversed(self.c["pyramidInputs"]):
            lateral = getattr(self.backbone, f"fpn_lateral{k}")(maps[k])
            merged = lateral if merged is None else lateral + F.interpolate(merged, scale_factor=2, mode="nearest")
            outputs[k] = getattr(self.backbone, f"fpn_output{k}")(merged)
        top = outputs[self.c["pyramidInputs"][-1]]
        for index, k in enumerate(self.extra):
            top = getattr(self.backbone.top_block, f"p{k}")(top if index == 0 else F.relu(top))
            outputs[k] = top
        return [outputs[k] for k in self.c["levels"]]

    def heads(self, pyramid):
        """Per level: class logits, distances in strides, quality logits, controller output; [B, ?, H, W]."""
        head, out = self.proposal_generator.fcos_head, []
        for level, x in enumerate(pyramid):
            box = head.bbox_tower(x)
            distances = F.relu(head.bbox_pred(box) * head.scales[level].scale)
            kernels = self.controller(box) if self.c["masks"] else None
            out.append((head.cls_logits(head.cls_tower(x)), distances, head.ctrness(box), kernels))
        return out

    def mask_features(self, pyramid):
        total = 0
        for index, layer in enumerate(self.mask_branch.refine):
            total = total + aligned_bilinear(layer(pyramid[index]), 2**index)
        return self.mask_branch.tower(total)

    def locations(self, pyramid):
        """[N, 2] centres, [N] stride, [N] level, levels one after another."""
        centres, strides, levels = [], [], []
        for index, (k, x) in enumerate(zip(self.c["levels"], pyramid)):
            s, (h, w) = 2**k, x.shape[2:]
            y, x = torch.meshgrid(torch.arange(h) * s + s // 2, torch.arange(w) * s + s // 2, indexing="ij")
            centres.append(torch.stack([x.reshape(-1), y.reshape(-1)], 1).double())
            strides.append(torch.full((h * w,), float(s), dtype=torch.double))
            levels.append(torch.full((h * w,), index))
        return torch.cat(centres), torch.cat(strides), torch.cat(levels)

    def assign(self, centres, strides, levels, boxes, masks):
        """[N] index of the ground truth of each location, -1 for background."""
        if len(boxes) == 0:
            return torch.full((len(centres),), -1)
        limits = [-1.0, *map(float, self.c["rangeLimits"]), INF]
        low, high = torch.tensor(limits)[levels], torch.tensor(limits)[levels + 1]
        x, y = centres[:, None, 0], centres[:, None, 1]
        x1, y1, x2, y2 = (boxes[None, :, i].double() for i in range(4))
        reach = torch.stack([x - x1, y - y1, x2 - x, y2 - y], 2).amax(2)
        if self.c["masks"]:
            h, w = masks.shape[1:]
            area = masks.sum((1, 2)).clamp(min=1e-6)
            cx = (masks * torch.arange(w)).sum((1, 2)) / area
            cy = (masks * torch.arange(h)[:, None]).sum((1, 2)) / area
        else:
            cx, cy = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        radius = (self.c["centerRadius"] * strides)[:, None]
        inside = (x > torch.maximum(cx - radius, x1)) & (x < torch.minimum(cx + radius, x2))
        inside &= (y > torch.maximum(cy - radius, y1)) & (y < torch.minimum(cy + radius, y2))
        candidate = inside & (reach >= low[:, None]) & (reach <= high[:, None])
        areas = ((x2 - x1) * (y2 - y1)).expand(len(centres), -1).masked_fill(~candidate, INF)
        best, index = areas.min(1)
        return torch.where(best == INF, -1, index)

    def loss(self, images, truths):
        c = self.c
        pyramid = self.pyramid(images)
        flat = [
            torch.cat([part.permute(0, 2, 3, 1).flatten(1, 2) for part in parts], 1) if parts[0] is not None else None
            for parts in zip(*self.heads(pyramid))
        ]
        logits, distances, quality, kernels = flat
        centres, strides, levels = self.locations(pyramid)
        assigned = torch.stack([self.assign(centres, strides, levels, t["boxes"], t["masks"]) for t in truths])
        positive = assigned >= 0
        count = max(1, int(positive.sum()))

        labels = torch.zeros_like(logits)
        for image, location in positive.nonzero().tolist():
            labels[image, location, truths[image]["labels"][assigned[image, location]]] = 1
        cls = torchvision.ops.sigmoid_focal_loss(logits, labels, c["focalAlpha"], c["focalGamma"], reduction="sum") / count

        where = positive.nonzero()
        boxes = torch.stack([truths[i]["boxes"][assigned[i, n]] for i, n in where.tolist()]).double()
        x, y = centres[where[:, 1]].unbind(1)
        target = torch.stack([x - boxes[:, 0], y - boxes[:, 1], boxes[:, 2] - x, boxes[:, 3] - y], 1)
        target = (target / strides[where[:, 1], None]).to(images.dtype)
        l, t, r, b = target.unbind(1)
        ctr = ((torch.minimum(l, r) / torch.maximum(l, r)) * (torch.minimum(t, b) / torch.maximum(t, b))).sqrt()

        predicted = distances[positive]
        area = lambda v: (v[:, 0] + v[:, 2]) * (v[:, 1] + v[:, 3])
        intersection = area(torch.minimum(predicted, target))
        union = area(predicted) + area(target) - intersection
        enclosing = area(torch.maximum(predicted, target))
        iou = (intersection + 1) / (union + 1)
        giou = iou - (enclosing - union) / enclosing
        score = quality[positive].squeeze(1)
        if c["boxQuality"] == "iou":
            box = (1 - giou).sum() / count
            centre = F.binary_cross_entropy_with_logits(score, iou.detach(), reduction="sum") / count
        else:
            box = (ctr * (1 - giou)).sum() / ctr.sum().clamp(min=1e-6)
            centre = F.binary_cross_entropy_with_logits(score, ctr, reduction="sum") / count
        losses = dict(cls=cls, box=box, ctr=centre)
        if c["masks"]:
            instances = dict(image=where[:, 0], centre=centres[where[:, 1]], level=levels[where[:, 1]])
            truth_index = assigned[positive]
            losses["mask"] = self.mask_loss(self.mask_features(pyramid), kernels[positive], instances, truth_index, truths, images.shape[2:])
        losses["total"] = sum(losses.values())
        return losses

    def split(self, parameters):
        d = self.c["dynamicChannels"]
        parts = parameters.split([(d + 2) * d, d * d, d, d, d, 1], 1)
        weights = [parts[0].view(-1, d, d + 2), parts[1].view(-1, d, d), parts[2].view(-1, 1, d)]
        return weights, [parts[3], parts[4], parts[5]]

    def mask_inputs(self, features, instances):
        """[M, d + 2, h, w]: relative coordinates of the instance, then its image's features."""
        stride = 2 ** self.c["levels"][0]
        h, w = features.shape[2:]
        v, u = torch.meshgrid(torch.arange(h) * stride + stride / 2, torch.arange(w) * stride + stride / 2, indexing="ij")
        soi = 8.0 * 2.0 ** torch.tensor(self.c["levels"])[instances["level"]].double()
        x, y = instances["centre"].unbind(1)
        relative = torch.stack([x[:, None, None] - u, y[:, None, None] - v], 1) / soi[:, None, None, None]
        return torch.cat([relative.to(features.dtype), features[instances["image"]]], 1)

    def mask_logits(self, inputs, parameters, path="111"):
        weights, biases = self.split(parameters)
        x = inputs
        for layer, choice in enumerate(path):
            if choice == "1":
                x = torch.einsum("moc,mchw->mohw", weights[layer], x) + biases[layer][:, :, None, None]
            else:
                x = self.mask_head.stable[layer](x)
            if layer < 2:
                x = F.relu(x)
        return aligned_bilinear(x, 2).squeeze(1)

    def mask_loss(self, features, parameters, instances, truth_index, truths, padded):
        step = 2 ** self.c["levels"][0] // 2
        full = []
        for t in truths:
            frame = torch.zeros(len(t["masks"]), *padded, dtype=features.dtype)
            frame[:, : t["masks"].shape[1], : t["masks"].shape[2]] = t["masks"]
            full.append(frame[:, step // 2 :: step, step // 2 :: step])
        target = torch.stack([full[i][j] for i, j in zip(instances["image"].tolist(), truth_index.tolist())])
        inputs = self.mask_inputs(features, instances)

        def dice(m, g):
            m, g = m.flatten(1), g.flatten(1)
            return 1 - 2 * (m * g).sum(1) / ((m * m).sum(1) + (g * g).sum(1) + 1e-5)

        if not self.c["kernelBank"]:
            logits = self.mask_logits(inputs, parameters)
            loss = dice(logits.sigmoid(), target).mean()
        else:
            weights = {"111": 1, "110": 1, "101": 1, "100": 1, "011": 0.25, "010": 0.25, "001": 0.25}
            loss = sum(w * dice(self.mask_logits(inputs, parameters, p).sigmoid(), target).mean() for p, w in weights.items())
            logits = self.mask_logits(inputs, parameters)
        if self.c["overlapWeight"] > 0:
            loss = loss + self.c["overlapWeight"] * self.overlap(logits, instances["image"], truth_index, full, dice)
        return loss

    def overlap(self, logits, image_index, truth_index, full, dice):
        terms = []
        for image, masks in enumerate(full):
            mine = image_index == image
            present = [j for j in range(len(masks)) if bool((mine & (truth_index == j)).any())]
            if not present:
                continue
            averages = torch.stack([logits[mine & (truth_index == j)].mean(0) for j in present])
            once = (masks[present].sum(0) == 1).to(logits.dtype)
            terms.append(dice(averages.softmax(0) * once, masks[present]))
        return torch.cat(terms).mean()

    @torch.no_grad()
    def detect(self, images, resized, original):
        """Per image: boxes, scores, labels, masks, best first."""
        c = self.c
        pyramid = self.pyramid(images)
        heads = self.heads(pyramid)
        features = self.mask_features(pyramid) if c["masks"] else None
        results = []
        for image in range(len(images)):
            found = []
            for level, (logits, distances, quality, kernels) in enumerate(heads):
                s = 2 ** c["levels"][level]
                h, w = logits.shape[2:]
                p = logits[image].sigmoid().permute(1, 2, 0).reshape(-1, c["classes"])
                product = p * quality[image].sigmoid().reshape(-1, 1)
                keep = (product if c["thresholdOn"] == "product" else p) > c["scoreThreshold"]
                cell, label = keep.nonzero().unbind(1)
                score = product[keep]
                score, order = score.topk(min(len(score), c["candidatesPerLevel"]))
                cell, label = cell[order], label[order]
                x, y = (cell % w) * s + s // 2, torch.div(cell, w, rounding_mode="floor") * s + s // 2
                d = distances[image].permute(1, 2, 0).reshape(-1, 4)[cell] * s
                box = torch.stack([x - d[:, 0], y - d[:, 1], x + d[:, 2], y + d[:, 3]], 1)
                kernel = kernels[image].permute(1, 2, 0).reshape(h * w, -1)[cell] if c["masks"] else torch.zeros(len(cell), 1)
                found.append((box, score.sqrt(), label, kernel, torch.stack([x, y], 1).double(), torch.full_like(cell, level)))
            box, score, label, kernel, centre, level = (torch.cat(parts) for parts in zip(*found))
            keep = torchvision.ops.batched_nms(box, score, label, c["nmsThreshold"])[: c["maxDetections"]]
            (rh, rw), (oh, ow) = resized[image], original[image]
            scaled = box[keep] * torch.tensor([ow / rw, oh / rh, ow / rw, oh / rh], dtype=box.dtype)
            scaled[:, 0::2] = scaled[:, 0::2].clamp(0, ow)
            scaled[:, 1::2] = scaled[:, 1::2].clamp(0, oh)
            full = (scaled[:, 2] > scaled[:, 0]) & (scaled[:, 3] > scaled[:, 1])
            keep, scaled = keep[full], scaled[full]
            masks = torch.zeros(len(keep), oh, ow, dtype=torch.bool)
            if c["masks"] and len(keep):
                instances = dict(image=torch.full_like(keep, image), centre=centre[keep], level=level[keep])
                probability = self.mask_logits(self.mask_inputs(features, instances), kernel[keep]).sigmoid()[:, None]
                probability = aligned_bilinear(probability, 2 ** c["levels"][0] // 2)[:, :, :rh, :rw]
                masks = F.interpolate(probability, size=(oh, ow), mode="bilinear", align_corners=False)[:, 0] > c["maskThreshold"]
            results.append(dict(boxes=scaled, scores=score[keep], labels=label[keep], masks=masks))
        return results
