import type { TrainingPoint } from '@cassl/proto';

export const MAX_CURVE_POINTS = 500;

/** Drops every other point where there are more than 500; the first and the newest always stay. */
export function thinCurve(points: readonly TrainingPoint[]): TrainingPoint[] {
  if (points.length <= MAX_CURVE_POINTS) return [...points];
  return points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
}
