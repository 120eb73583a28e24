"""For backbone.interop.ts: `python backbone_features.py FOLDER resnet50 HEIGHT WIDTH` writes torchvision's ResNet with FPN and P6, P7
(random weights), an input and the feature maps, as safetensors."""

import sys

import torch
from safetensors.torch import save_file
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops import FrozenBatchNorm2d
from torchvision.ops.feature_pyramid_network import LastLevelP6P7


def main(folder, name, height, width):
    generator = torch.Generator().manual_seed(7)
    model = resnet_fpn_backbone(
        backbone_name=name,
        weights=None,
        norm_layer=FrozenBatchNorm2d,
        returned_layers=[2, 3, 4],
        extra_blocks=LastLevelP6P7(256, 256),
        trainable_layers=5,
    )
    for key, value in model.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if key.endswith("running_var"):
            value.copy_(1 + 0.3 * noise.abs())
        elif value.dim() == 4:
            value.copy_(noise * (1.4 / value[0].numel()) ** 0.5)
        elif key.endswith("weight"):
            value.copy_(1 + 0.1 * noise)
        else:
            value.copy_(0.1 * noise)
    x = torch.randn(1, 3, height, width, generator=generator)
    with torch.no_grad():
        body = model.body(x)
        maps = model(x)
    save_file(
        {
            **{f"weights.{key}": value.contiguous() for key, value in model.state_dict().items()},
            "input": x.permute(0, 2, 3, 1).contiguous(),
            **{f"body.{i}": v.permute(0, 2, 3, 1).contiguous() for i, v in enumerate(body.values())},
            **{f"pyramid.{i}": v.permute(0, 2, 3, 1).contiguous() for i, v in enumerate(maps.values())},
        },
        f"{folder}/features.safetensors",
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
