import type { Xyxy } from '@cassl/vision';

/** Distances from (x, y) to the box's left, top, right and bottom, in strides. */
export function regressionTarget(
  box: Xyxy,
  x: number,
  y: number,
  stride: number,
): [number, number, number, number] {
  return [(x - box[0]) / stride, (y - box[1]) / stride, (box[2] - x) / stride, (box[3] - y) / stride];
}

/** sqrt(min(l, r) / max(l, r) · min(t, b) / max(t, b)), 1 at the middle of the box (FCOS eq. 3). */
export function centerness([l, t, r, b]: readonly [number, number, number, number]): number {
  return Math.sqrt((Math.min(l, r) / Math.max(l, r)) * (Math.min(t, b) / Math.max(t, b)));
}
