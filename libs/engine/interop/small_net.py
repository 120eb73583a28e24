"""`python small_net.py FOLDER`: the small net of the tests in plain PyTorch, from the weights and images in FOLDER/input.json;
prints its losses as JSON."""

import json
import sys

import torch
from torch.nn import functional as F


def main(folder):
    with open(f"{folder}/input.json") as file:
        spec = json.load(file)
    torch.set_num_threads(1)
    p = {}
    for name, (shape, values) in spec["parameters"].items():
        value = torch.tensor(values, dtype=torch.float32).reshape(shape)
        # HWIO → OIHW
        p[name] = (value.permute(3, 2, 0, 1).contiguous() if len(shape) == 4 else value).requires_grad_()
    sgd = spec["sgd"]
    optimizer = torch.optim.SGD(p.values(), sgd["learningRate"], sgd["momentum"], weight_decay=sgd["weightDecay"])
    losses = []
    for batch in spec["batches"]:
        images = torch.tensor(batch, dtype=torch.float32).reshape(spec["images"]).permute(0, 3, 1, 2)
        optimizer.zero_grad()
        first = F.conv2d(images, p["stem.weight"], p["stem.bias"], 2, 1)
        normal = F.relu(F.group_norm(first, 2, p["norm.weight"], p["norm.bias"]))
        second = F.relu(F.conv2d(normal, p["block.weight"], p["block.bias"], 1, 1)) + normal
        x = F.conv2d(F.max_pool2d(second, 2), p["head.weight"], p["head.bias"])
        t = (F.avg_pool2d(images[:, :1], 4) > 0).float().expand_as(x)
        probability = torch.sigmoid(x)
        entropy = F.binary_cross_entropy_with_logits(x, t, reduction="none")
        p_t = probability * t + (1 - probability) * (1 - t)
        loss = ((0.25 * t + 0.75 * (1 - t)) * (1 - p_t) ** 2 * entropy).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(json.dumps(losses))


main(sys.argv[1])
