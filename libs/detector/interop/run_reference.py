"""For condinst.interop.ts: `python run_reference.py FOLDER` reads config.json, writes weights, inputs and what the
reference makes of them, in float64, as safetensors."""

import json
import sys

import torch
from safetensors.torch import save_file

from condinst_reference import CondInst


def random_weights(model, generator):
    """Wide enough that heads claim things everywhere, narrow enough that nothing saturates."""
    for name, value in model.state_dict().items():
        noise = torch.randn(value.shape, generator=generator).to(value.dtype)
        if name.endswith("num_batches_tracked"):
            continue
        if name.endswith("running_var"):
            value.copy_(1 + 0.2 * noise.abs())
        elif value.dim() >= 2:
            value.copy_(noise * (1.6 / value[0].numel()) ** 0.5)
        elif name.endswith(("bn1.weight", "bn2.weight", "scale", "1.weight", "norm.weight")) or ".scales." in name:
            value.copy_(1 + 0.1 * noise)
        else:
            value.copy_(0.1 * noise)
        if name.endswith("bbox_pred.bias"):
            value.add_(1.5)
        if name.endswith("cls_logits.bias"):
            value.sub_(2)
        value.copy_(value.float())


@torch.no_grad()
def nearest_kink(model, images):
    """Smallest input of a head's ReLU: where one is within float32's error of 0, a gradient may take the other side, which says
    nothing about either program."""
    nearest, hooks = [float("inf")], []
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.ReLU) and "bottom_up" not in name:
            hooks.append(module.register_forward_pre_hook(lambda _, x: nearest.append(float(x[0].abs().min()))))
    model.train()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    pyramid = model.pyramid(images)
    model.heads(pyramid)
    if model.c["masks"]:
        model.mask_features(pyramid)
    model.load_state_dict(state)
    for hook in hooks:
        hook.remove()
    return min(nearest)


def random_truths(sizes, classes, generator):
    truths = []
    for h, w in sizes:
        boxes, masks, labels = [], [], []
        for _ in range(4):
            bw, bh = (int(v) for v in torch.randint(9, 60, (2,), generator=generator))
            x1 = int(torch.randint(0, w - bw, (1,), generator=generator))
            y1 = int(torch.randint(0, h - bh, (1,), generator=generator))
            y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
            ellipse = ((x - x1 - bw / 2) / (bw / 2)) ** 2 + ((y - y1 - bh / 2) / (bh / 2)) ** 2 <= 1
            ellipse[: y1 + bh // 3, : x1 + bw // 2] = False
            rows, columns = ellipse.any(1).nonzero(), ellipse.any(0).nonzero()
            boxes.append([int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1])
            masks.append(ellipse)
            labels.append(int(torch.randint(0, classes, (1,), generator=generator)))
        truths.append(dict(boxes=torch.tensor(boxes), masks=torch.stack(masks).double(), labels=torch.tensor(labels)))
    return truths


def main(folder):
    with open(f"{folder}/config.json") as file:
        spec = json.load(file)
    c, sizes, padded = spec["config"], spec["sizes"], spec["padded"]
    generator = torch.Generator().manual_seed(spec["seed"])
    torch.set_num_threads(2)
    model = CondInst(c)
    truths = random_truths(sizes, c["classes"], generator)
    images = torch.zeros(len(sizes), 3, *padded, dtype=torch.double)
    inputs = {}
    mean = torch.tensor(c["pixelMean"], dtype=torch.double)[:, None, None]
    std = torch.tensor(c["pixelStd"], dtype=torch.double)[:, None, None]
    for index, (h, w) in enumerate(sizes):
        pixels = torch.randint(0, 256, (h, w, 3), generator=generator, dtype=torch.uint8)
        images[index, :, :h, :w] = (pixels.permute(2, 0, 1).double() - mean) / std
        inputs[f"image{index}"] = pixels
        inputs[f"boxes{index}"] = truths[index]["boxes"].float()
        inputs[f"labels{index}"] = truths[index]["labels"].float()
        inputs[f"masks{index}"] = truths[index]["masks"].to(torch.uint8)
    save_file(inputs, f"{folder}/inputs.safetensors")

    model.double()
    for _ in range(20):
        random_weights(model, generator)
        if nearest_kink(model, images) > 3e-6:
            break
    weights = {k: v.float() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    save_file(weights, f"{folder}/weights.safetensors")
    model.eval()
    outputs = {}
    for index, found in enumerate(model.detect(images, sizes, sizes)):
        outputs[f"boxes{index}"] = found["boxes"].float()
        outputs[f"scores{index}"] = found["scores"].float()
        outputs[f"labels{index}"] = found["labels"].float()
        outputs[f"masks{index}"] = found["masks"].to(torch.uint8)
    model.train()
    losses = model.loss(images, truths)
    losses["total"].backward()
    for name, value in losses.items():
        outputs[f"loss.{name}"] = value.detach().float().reshape(1)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            outputs[f"gradient.{name}"] = parameter.grad.float()
    for name, buffer in model.named_buffers():
        if "running" in name and c["maskNorm"] == "batch" and name.startswith("mask_branch"):
            outputs[f"after.{name}"] = buffer.float()
    save_file(outputs, f"{folder}/outputs.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
