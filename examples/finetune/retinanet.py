"""torchvision's RetinaNet from a warmup: backbone and pyramid, P6 from P5 as the warmup has it; anchors need heads of their own."""

from torchvision.models.detection import RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

import job


def main(argv=None):
    args = job.arguments(argv)

    def build(classes):
        sizes = tuple((x, int(x * 2 ** (1 / 3)), int(x * 2 ** (2 / 3))) for x in (8, 16, 32, 64, 128))
        return RetinaNet(
            job.backbone(args.channels, [2, 3, 4], LastLevelP6P7(args.channels, args.channels)),
            classes,
            min_size=args.size,
            max_size=args.size,
            anchor_generator=AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * 5),
        )

    return job.run(args, build, ("bbox",), leave=("head.",))


if __name__ == "__main__":
    main()
