"""Features of real torchvision and timm models with our exported weights, for exported-weights.interop.ts: `python this.py FOLDER`.

Every NAME.weights.safetensors is loaded with strict=True into the model that NAME stands for (only the keys that our
detectors do not have may be missing), and features of images.N.safetensors are saved.
"""

import sys

import safetensors.torch
import timm
import torch
import torch.nn.functional as F
import torchvision

CLASSIFIER = {"fc.weight", "fc.bias", "norm.weight", "norm.bias", "head.weight", "head.bias", "head.fc.weight", "head.fc.bias"}


def load(model, folder, name):
    state = torch.load(f"{folder}/{name}.pth", weights_only=True, mmap=True)
    same = safetensors.torch.load_file(f"{folder}/{name}.safetensors")
    assert set(state) == set(same) and all(torch.equal(state[key], same[key]) for key in state)
    result = model.load_state_dict(state, strict=False)
    assert result.unexpected_keys == [], result.unexpected_keys
    missing = set(result.missing_keys)
    assert missing == (CLASSIFIER - set(state)) & set(model.state_dict()), missing
    return model.eval()


def resnet(model, x):
    x = model.maxpool(F.relu(model.bn1(model.conv1(x))))
    outputs = []
    for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
        x = layer(x)
        outputs.append(x.permute(0, 2, 3, 1))
    return outputs


def swin_torchvision(folder, x, norms):
    """torchvision drops pixels beyond the last whole patch; the detection form pads."""
    model = load(torchvision.models.swin_t(), folder, "swin-torchvision")
    x = F.pad(x, (0, -x.shape[3] % 4, 0, -x.shape[2] % 4))
    outputs = []
    for index, block in enumerate(model.features):
        x = block(x)
        if index % 2 == 1:
            outputs.append(normed(x, norms, index // 2))
    return outputs


def normed(x, norms, stage):
    return F.layer_norm(x, x.shape[-1:], norms[f"norm{stage}.weight"], norms[f"norm{stage}.bias"])


def merged_as_mmdet(x, state):
    """Patch merging as mmdetection computes it: nn.Unfold, norm, reduction."""
    batch, channels, height, width = x.shape
    patches = F.unfold(x, 2, stride=2).transpose(1, 2)
    weight, bias = (state[f"stages.0.downsample.norm.{part}"] for part in ("weight", "bias"))
    patches = F.layer_norm(patches, (4 * channels,), weight, bias)
    return F.linear(patches, state["stages.0.downsample.reduction.weight"]).view(batch, height // 2, width // 2, -1)


@torch.no_grad()
def main(folder):
    torch.set_num_threads(2)
    mask_rcnn(folder)
    for index in range(2):
        x = safetensors.torch.load_file(f"{folder}/images.{index}.safetensors")["images"].permute(0, 3, 1, 2).contiguous()
        padded = F.pad(x, (0, -x.shape[3] % 32, 0, -x.shape[2] % 32))
        norms = safetensors.torch.load_file(f"{folder}/swin-norms.safetensors")
        features = {
            "resnet-torchvision": resnet(load(torchvision.models.resnet50(), folder, "resnet-torchvision"), x),
            "resnet-timm": resnet(timm_resnet(folder), x),
            "swin-torchvision": swin_torchvision(folder, x, norms),
            "swin-timm": swin_timm(folder, F.pad(x[:1], (0, 448 - x.shape[3], 0, 448 - x.shape[2])), norms),
            "swin-timm-odd": swin_timm(folder, F.pad(x[:1], (0, -x.shape[3] % 4, 0, -x.shape[2] % 4)), norms),
            "swin-timm-224": swin_timm(folder, x[:1, :, :224, :224], norms),
            "swin-torchvision-224": swin_torchvision(folder, x[:1, :, :224, :224], norms),
            "fcos": fcos(folder, padded),
        }
        outputs = {f"{name}.{stage}": map.contiguous() for name, maps in features.items() for stage, map in enumerate(maps)}
        mmdet = safetensors.torch.load_file(f"{folder}/swin-mmdet.safetensors")
        raw = safetensors.torch.load_file(f"{folder}/merging-input.safetensors")["x"].permute(0, 3, 1, 2).contiguous()
        outputs["merging"] = merged_as_mmdet(raw, mmdet).contiguous()
        safetensors.torch.save_file(outputs, f"{folder}/features.{index}.safetensors")


def timm_resnet(folder):
    model = timm.create_model("resnet50")
    model.maxpool = torch.nn.MaxPool2d(3, 2, 1)
    return load(model, folder, "resnet-timm")


def swin_timm(folder, x, norms):
    model = timm.create_model("swin_tiny_patch4_window7_224", img_size=tuple(x.shape[2:]))
    maps = load(model, folder, "swin-timm").forward_intermediates(x, intermediates_only=True)
    return [normed(map.permute(0, 2, 3, 1), norms, stage) for stage, map in enumerate(maps)]


def mask_rcnn(folder):
    """Backbone and pyramid; only the heads, which are another detector's, are missing, and level 2 where the pyramid starts at C3."""
    model = torchvision.models.detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    heads = {name for name in model.state_dict() if name.startswith(("rpn.", "roi_heads."))}
    level2 = {f"backbone.fpn.{blocks}.0.0.{part}" for blocks in ("inner_blocks", "layer_blocks") for part in ("weight", "bias")}
    for name, missing in (("mask-rcnn", heads), ("mask-rcnn-from-fcos", heads | level2)):
        result = model.load_state_dict(torch.load(f"{folder}/{name}.pth", weights_only=True), strict=False)
        assert result.unexpected_keys == [], result.unexpected_keys
        assert set(result.missing_keys) == missing, set(result.missing_keys) ^ missing


def fcos(folder, x):
    """Strictly everything: a torchvision FCOS has no tensor that we lack."""
    model = torchvision.models.detection.fcos_resnet50_fpn(weights=None, weights_backbone=None, num_classes=80)
    model.load_state_dict(torch.load(f"{folder}/fcos-torchvision.pth", weights_only=True), strict=True)
    maps = model.eval().backbone(x)
    return [map.permute(0, 2, 3, 1) for map in maps.values()]


main(sys.argv[1])
print("ok")
