"""torchvision's Keypoint R-CNN from a warmup, on keypoints made from the masks of the scenes."""

from torchvision.models.detection import KeypointRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

import job
from mask_rcnn import LEFT
from scenes import KEYPOINTS


def main(argv=None):
    args = job.arguments(argv)

    def build(classes):
        return KeypointRCNN(
            job.backbone(args.channels, [1, 2, 3, 4], LastLevelMaxPool()),
            min_size=args.size,
            max_size=args.size,
            rpn_anchor_generator=AnchorGenerator(((8,), (16,), (32,), (64,), (128,)), ((0.5, 1.0, 2.0),) * 5),
            keypoint_head=KeypointRCNNHeads(args.channels, [job.ROI_WIDTH] * 4),
            keypoint_predictor=KeypointRCNNPredictor(job.ROI_WIDTH, len(KEYPOINTS)),
            **job.roi_boxes(args.channels, classes),
            **job.SCENES_OF_FEW,
        )

    return job.run(args, build, ("bbox", "keypoints"), first_level=2, leave=LEFT)


if __name__ == "__main__":
    main()
