"""torchvision's FCOS from a warmup: backbone, pyramid and towers; the classifier is fresh (one class there, K here)."""

from torchvision.models.detection import FCOS
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOSHead
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

import job

TOWER_CONVOLUTIONS = 2  # of the warmup's preset `resnet18`


def main(argv=None):
    args = job.arguments(argv)

    def build(classes):
        return FCOS(
            job.backbone(args.channels, [2, 3, 4], LastLevelP6P7(args.channels, args.channels)),
            classes,
            min_size=args.size,
            max_size=args.size,
            anchor_generator=AnchorGenerator(((8,), (16,), (32,), (64,), (128,)), ((1.0,),) * 5),
            head=FCOSHead(args.channels, 1, classes, num_convs=TOWER_CONVOLUTIONS),
        )

    return job.run(args, build, ("bbox",), leave=("head.classification_head.cls_logits.",))


if __name__ == "__main__":
    main()
