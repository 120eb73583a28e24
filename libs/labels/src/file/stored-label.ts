import { rleArea, rleToString, type Detection } from '@cassl/vision';
import type { StoredLabel } from './label-row.ts';

/** Steps a pixel. */
const GRID = 100;
/** Steps of a score. */
export const SCORE_STEPS = 1e6;

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A detection as it is written: clipped to its image, on a grid of hundredths. A box thinner than the grid is widened to
 * one step, so that what was found is never rounded away; what has no area at all, or no numbers, is undefined.
 */
export function storedLabel(detection: Detection, { width, height }: Size): StoredLabel | undefined {
  const { box, score, category, mask } = detection;
  const x = side(box[0], box[2], width);
  const y = side(box[1], box[3], height);
  if (x === undefined || y === undefined || Number.isNaN(score)) return undefined;
  if (mask !== undefined && rleArea(mask) === 0) return undefined;
  return {
    bbox: [x.start, y.start, x.length, y.length],
    score: Math.round(Math.min(Math.max(score, 0), 1) * SCORE_STEPS) / SCORE_STEPS,
    ...(category === 0 ? {} : { category }),
    ...(mask === undefined ? {} : { rle: rleToString(mask) }),
  };
}

function side(from: number, to: number, limit: number): { start: number; length: number } | undefined {
  const low = Math.min(Math.max(from, 0), limit);
  const high = Math.min(Math.max(to, 0), limit);
  if (!(high > low)) return undefined;
  let start = Math.round(low * GRID);
  let end = Math.round(high * GRID);
  if (end === start) {
    // The far edge of the image is on the grid, so a step back is always free where a step on is not.
    if (end < limit * GRID) end++;
    else start--;
  }
  return { start: start / GRID, length: (end - start) / GRID };
}
