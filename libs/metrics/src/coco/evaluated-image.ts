import type { CocoId } from '@cassl/coco';
import type { Detection, Instance } from '@cassl/vision';

/** A true object; keypoint evaluation needs `keypoints`: x, y, visibility of every point. */
export interface EvaluatedInstance extends Instance {
  readonly keypoints?: ArrayLike<number>;
}

export interface EvaluatedDetection extends Detection {
  readonly keypoints?: ArrayLike<number>;
}

export interface EvaluatedImage {
  /** Images are pooled in the order of their ids (numbers by value), whatever order they arrive in. */
  readonly imageId: CocoId;
  readonly groundTruths: readonly EvaluatedInstance[];
  readonly detections: readonly EvaluatedDetection[];
}
