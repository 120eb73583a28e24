"""torchvision's Mask R-CNN from a warmup: backbone and pyramid from C3 up; level 2 was never warmed up and is fresh."""

from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

import job

# P6 is a max pooling here; the warmup's is a convolution.
LEFT = ("head.", "backbone.fpn.extra_blocks.")


def main(argv=None):
    args = job.arguments(argv)

    def build(classes):
        return MaskRCNN(
            job.backbone(args.channels, [1, 2, 3, 4], LastLevelMaxPool()),
            min_size=args.size,
            max_size=args.size,
            rpn_anchor_generator=AnchorGenerator(((8,), (16,), (32,), (64,), (128,)), ((0.5, 1.0, 2.0),) * 5),
            mask_head=MaskRCNNHeads(args.channels, [job.ROI_WIDTH] * 4, 1),
            mask_predictor=MaskRCNNPredictor(job.ROI_WIDTH, job.ROI_WIDTH, classes),
            **job.roi_boxes(args.channels, classes),
            **job.SCENES_OF_FEW,
        )

    return job.run(args, build, ("bbox", "segm"), first_level=2, leave=LEFT)


if __name__ == "__main__":
    main()
