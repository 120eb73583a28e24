import type { Rle, Xywh } from './types.ts';

/** Pixels that are set. */
export function rleArea({ counts }: Rle): number {
  let area = 0;
  for (let run = 1; run < counts.length; run += 2) area += counts[run]!;
  return area;
}

/** The tight box around the set pixels, in continuous coordinates (a single pixel has width 1); all zero when none is. */
export function rleBox(rle: Rle): Xywh {
  const box = new Float64Array(4);
  writeRunsBox(rle.counts, 0, rle.counts.length, rle.height, box, 0);
  return [box[0]!, box[1]!, box[2]!, box[3]!];
}

/**
 * {@link rleBox} of the runs `counts[start, end)`, written to `target[offset…offset + 3]`; returns the area. One pass and
 * no allocation, for long lists.
 */
export function writeRunsBox(
  counts: Uint32Array,
  start: number,
  end: number,
  height: number,
  target: Float64Array,
  offset: number,
): number {
  let left = Infinity;
  let right = -1;
  let top = Infinity;
  let bottom = -1;
  let position = 0;
  let area = 0;
  for (let run = start; run + 1 < end; run += 2) {
    const first = position + counts[run]!;
    const length = counts[run + 1]!;
    position = first + length;
    if (length === 0) continue;
    area += length;
    const x = Math.floor(first / height);
    const y = first - x * height;
    if (left === Infinity) left = x;
    if (y + length <= height) {
      right = x;
      if (y < top) top = y;
      if (y + length > bottom) bottom = y + length;
    } else {
      // A run that goes on in the next column reaches the bottom of one and the top of the other.
      right = Math.floor((position - 1) / height);
      top = 0;
      bottom = height;
    }
  }
  const empty = right < 0;
  target[offset] = empty ? 0 : left;
  target[offset + 1] = empty ? 0 : top;
  target[offset + 2] = empty ? 0 : right - left + 1;
  target[offset + 3] = empty ? 0 : bottom - top;
  return area;
}
