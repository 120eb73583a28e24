import type { AxisTaps } from '@cassl/engine';
import type { Rle } from '@cassl/vision';
import type { MapSize } from '../pyramid.ts';

const TAPS = 3;

/**
 * Two interpolations of one axis in one: aligned bilinear from `count` samples × `factor` to network pixels, of which
 * `resized` are image, then half-pixel bilinear to `original` pixels (method 2.7). Both blend two neighbours, so every
 * output reads at most three consecutive samples.
 */
function pasteTaps(count: number, factor: number, resized: number, original: number): AxisTaps {
  const starts = new Int32Array(original);
  const weights = new Float32Array(original * TAPS);
  const sample = (pixel: number): { low: number; fraction: number } => {
    const position = Math.max(0, pixel - (factor >> 1)) / factor;
    const low = Math.floor(position);
    return { low, fraction: position - low };
  };
  for (let out = 0; out < original; out++) {
    const source = Math.max(0, ((out + 0.5) * resized) / original - 0.5);
    const first = Math.min(Math.floor(source), resized - 1);
    const second = Math.min(first + 1, resized - 1);
    const blend = source - first;
    const start = Math.max(0, Math.min(sample(first).low, count - TAPS));
    starts[out] = start;
    for (const [pixel, share] of [
      [first, 1 - blend],
      [second, blend],
    ] as const) {
      const { low, fraction } = sample(pixel);
      weights[out * TAPS + Math.min(low, count - 1) - start]! += share * (1 - fraction);
      weights[out * TAPS + Math.min(low + 1, count - 1) - start]! += share * fraction;
    }
  }
  return { starts, weights };
}

export interface MaskPaste {
  /** Size of the probability map. */
  readonly map: MapSize;
  /** Network pixels per sample. */
  readonly factor: number;
  /** The image's part of the padded network input. */
  readonly resized: MapSize;
  readonly original: MapSize;
  /** Pixels above this are set. */
  readonly threshold: number;
}

/** How a paste reads the map, for each row and each column of the image. */
export function tapsOf({ map, factor, resized, original }: Omit<MaskPaste, 'threshold'>): {
  readonly rows: AxisTaps;
  readonly columns: AxisTaps;
} {
  return {
    rows: pasteTaps(map.height, factor, resized.height, original.height),
    columns: pasteTaps(map.width, factor, resized.width, original.width),
  };
}

/**
 * Turns probability maps of one image into masks of its original size, looking only where a mask can be. The definition of
 * the engine's `pasteMasks`, bit for bit: three columns are blended first, then three rows, in float32 after every operation.
 */
export function createMaskPaster(paste: MaskPaste): (probabilities: Float32Array) => Rle {
  const { rows, columns } = tapsOf(paste);
  return (probabilities) => encodePasted(paste, probabilities, rows, columns);
}

function encodePasted(
  { map, original, threshold }: MaskPaste,
  probabilities: Float32Array,
  rows: AxisTaps,
  columns: AxisTaps,
): Rle {
  const counts: number[] = [];
  let runStart = 0;
  let inside = false;
  const change = (position: number): void => {
    counts.push(position - runStart);
    runStart = position;
    inside = !inside;
  };
  const limit = Math.fround(threshold);
  const bounds = setBounds(probabilities, map, limit);
  if (bounds !== undefined) {
    const [top, bottom] = reach(rows, bounds.top, bounds.bottom);
    const [left, right] = reach(columns, bounds.left, bounds.right);
    const column = new Float32Array(map.height);
    for (let x = left; x < right; x++) {
      blendColumns(probabilities, map, columns, x, column);
      for (let y = top; y < bottom; y++) {
        if (blendRows(column, rows, y) > limit !== inside) change(x * original.height + y);
      }
      // Rows outside the visited ones are unset: a run goes on into the next column only where every row is visited.
      if (inside && bottom - top < original.height) change(x * original.height + bottom);
    }
    if (inside) change(right * original.height);
  }
  const total = original.height * original.width;
  if (runStart < total || counts.length === 0) counts.push(total - runStart);
  return { height: original.height, width: original.width, counts: Uint32Array.from(counts) };
}

/** The map's samples along output column x. A map narrower than three samples has taps beyond its end, with weight 0. */
function blendColumns(
  values: Float32Array,
  { height, width }: MapSize,
  { starts, weights }: AxisTaps,
  x: number,
  out: Float32Array,
): void {
  const [a, b, c] = tapPlaces(starts[x]!, width);
  for (let row = 0; row < height; row++) {
    const at = row * width;
    out[row] = blend(weights, x, values[at + a]!, values[at + b]!, values[at + c]!);
  }
}

function blendRows(column: Float32Array, { starts, weights }: AxisTaps, y: number): number {
  const [a, b, c] = tapPlaces(starts[y]!, column.length);
  return blend(weights, y, column[a]!, column[b]!, column[c]!);
}

function tapPlaces(start: number, count: number): [number, number, number] {
  return [start, Math.min(start + 1, count - 1), Math.min(start + 2, count - 1)];
}

function blend(weights: Float32Array, at: number, a: number, b: number, c: number): number {
  const { fround } = Math;
  const two = fround(fround(weights[at * TAPS]! * a) + fround(weights[at * TAPS + 1]! * b));
  return fround(two + fround(weights[at * TAPS + 2]! * c));
}

function setBounds(
  values: Float32Array,
  { height, width }: MapSize,
  threshold: number,
): { top: number; bottom: number; left: number; right: number } | undefined {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let row = 0, index = 0; row < height; row++) {
    for (let column = 0; column < width; column++, index++) {
      if (values[index]! <= threshold) continue;
      if (row < top) top = row;
      bottom = row;
      if (column < left) left = column;
      if (column > right) right = column;
    }
  }
  return bottom < 0 ? undefined : { top, bottom, left, right };
}

/** Outputs [from, to) that read any sample of first..last: an average passes the threshold only if a member does. */
function reach({ starts }: AxisTaps, first: number, last: number): [from: number, to: number] {
  let from = 0;
  while (from < starts.length && starts[from]! + TAPS - 1 < first) from++;
  let to = starts.length;
  while (to > from && starts[to - 1]! > last) to--;
  return [from, to];
}
