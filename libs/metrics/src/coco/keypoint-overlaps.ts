import type { OverlapKernel } from './image-columns.ts';

/** COCO's per-keypoint constants for a person (nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles). */
export const COCO_KEYPOINT_SIGMAS: readonly number[] = [
  0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89,
].map((tenfold) => tenfold / 10);

/** numpy's `spacing(1)`, which keeps an area of 0 from dividing by zero. */
const EPSILON = Number.EPSILON;

export interface KeypointColumns {
  /** x, y, visibility of every keypoint, `3 * sigmas.length` numbers per object. */
  readonly dtKeypoints: Float64Array;
  readonly gtKeypoints: Float64Array;
  /** xywh */
  readonly gtBoxes: Float64Array;
  readonly gtAreas: Float64Array;
}

/**
 * Object keypoint similarity: the mean over the labeled keypoints (v > 0) of exp(-d² / (2 · area · (2σ)²)). Where no
 * keypoint is labeled, d is the distance to the box grown by its own size on every side.
 */
export function keypointOverlaps(columns: KeypointColumns, sigmas: readonly number[]): OverlapKernel {
  const { dtKeypoints, gtKeypoints, gtBoxes, gtAreas } = columns;
  const points = sigmas.length;
  const variances = sigmas.map((sigma) => sigma * 2 * (sigma * 2));
  const terms = new Float64Array(points);
  return (dts, dtCount, gts, gtCount, target) => {
    for (let j = 0; j < gtCount; j++) {
      const g = gts[j]!;
      const gtAt = 3 * points * g;
      const scale = gtAreas[g]! + EPSILON;
      const box = grownBox(gtBoxes, 4 * g);
      let labeled = 0;
      for (let k = 0; k < points; k++) if (gtKeypoints[gtAt + 3 * k + 2]! > 0) labeled++;
      for (let i = 0; i < dtCount; i++) {
        const dtAt = 3 * points * dts[i]!;
        let used = 0;
        for (let k = 0; k < points; k++) {
          if (labeled > 0 && !(gtKeypoints[gtAt + 3 * k + 2]! > 0)) continue;
          const x = dtKeypoints[dtAt + 3 * k]!;
          const y = dtKeypoints[dtAt + 3 * k + 1]!;
          const dx = labeled > 0 ? x - gtKeypoints[gtAt + 3 * k]! : outside(x, box[0], box[2]);
          const dy = labeled > 0 ? y - gtKeypoints[gtAt + 3 * k + 1]! : outside(y, box[1], box[3]);
          terms[used++] = Math.exp(-((dx * dx + dy * dy) / variances[k]! / scale / 2));
        }
        target[i * gtCount + j] = pairwiseSum(terms, used) / used;
      }
    }
  };
}

function grownBox(boxes: Float64Array, at: number): readonly [number, number, number, number] {
  const [x, y, w, h] = [boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!];
  return [x - w, y - h, x + w * 2, y + h * 2];
}

function outside(value: number, low: number, high: number): number {
  return Math.max(0, low - value) + Math.max(0, value - high);
}

/** numpy's order of summation for up to 128 terms, so that similarities at a threshold fall on the same side. */
function pairwiseSum(terms: Float64Array, count: number): number {
  if (count < 8) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += terms[i]!;
    return sum;
  }
  const lanes = [0, 1, 2, 3, 4, 5, 6, 7].map((lane) => terms[lane]!);
  let i = 8;
  for (; i < count - (count % 8); i += 8)
    for (let lane = 0; lane < 8; lane++) lanes[lane]! += terms[i + lane]!;
  const [a, b, c, d, e, f, g, h] = lanes as [number, number, number, number, number, number, number, number];
  let sum = a + b + (c + d) + (e + f + (g + h));
  for (; i < count; i++) sum += terms[i]!;
  return sum;
}
