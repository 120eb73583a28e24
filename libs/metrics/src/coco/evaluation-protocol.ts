/** What overlaps are measured on. */
export type EvaluationType = 'bbox' | 'segm' | 'keypoints';

/** Objects whose area lies within [min, max], both ends included, count; others are ignored. */
export interface AreaRange {
  readonly name: 'all' | 'small' | 'medium' | 'large';
  readonly min: number;
  readonly max: number;
}

/** The fixed numbers of a COCO evaluation (pycocotools `Params`). */
export interface EvaluationProtocol {
  readonly iouThresholds: readonly number[];
  readonly recallGrid: readonly number[];
  readonly areaRanges: readonly AreaRange[];
  /** Detections kept per image and category, ascending; the last one bounds the matching itself. */
  readonly maxDetections: readonly number[];
}

const ALL: AreaRange = { name: 'all', min: 0, max: 1e10 };
const SMALL: AreaRange = { name: 'small', min: 0, max: 32 ** 2 };
const MEDIUM: AreaRange = { name: 'medium', min: 32 ** 2, max: 96 ** 2 };
const LARGE: AreaRange = { name: 'large', min: 96 ** 2, max: 1e10 };

/** COCO's protocol; keypoints have no small objects and keep 20 detections per image. */
export function cocoProtocol(type: EvaluationType): EvaluationProtocol {
  return {
    iouThresholds: linspace(0.5, 0.95, 10),
    recallGrid: linspace(0, 1, 101),
    areaRanges: type === 'keypoints' ? [ALL, MEDIUM, LARGE] : [ALL, SMALL, MEDIUM, LARGE],
    maxDetections: type === 'keypoints' ? [20] : [1, 10, 100],
  };
}

/** Multiplies before it adds, as numpy does: repeated addition would miss .75 and with it AP75. */
function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? stop : index * step + start));
}
