import type { Rle } from '@cassl/vision';
import type { MapSize } from '../pyramid.ts';

/** For every output pixel of one axis: where its three taps start and what they weigh. */
interface Taps {
  readonly starts: Int32Array;
  readonly weights: Float32Array; // [length × 3]
}

const TAPS = 3;

/**
 * Two interpolations of one axis in one: aligned bilinear from `count` samples × `factor` to network pixels, of which
 * `resized` are image, then half-pixel bilinear to `original` pixels (method 2.7). Both blend two neighbours, so every
 * output reads at most three consecutive samples.
 */
export function pasteTaps(count: number, factor: number, resized: number, original: number): Taps {
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

/** Turns probability maps of one image into masks of its original size, looking only where a mask can be. */
export function createMaskPaster(paste: MaskPaste): (probabilities: Float32Array) => Rle {
  const rows = pasteTaps(paste.map.height, paste.factor, paste.resized.height, paste.original.height);
  const columns = pasteTaps(paste.map.width, paste.factor, paste.resized.width, paste.original.width);
  return (probabilities) => encodePasted(paste, probabilities, rows, columns);
}

function encodePasted(
  { map, original, threshold }: MaskPaste,
  probabilities: Float32Array,
  rows: Taps,
  columns: Taps,
): Rle {
  const counts: number[] = [];
  let position = 0;
  let runStart = 0;
  const flush = (until: number): void => {
    counts.push(until - runStart);
    runStart = until;
  };
  const bounds = setBounds(probabilities, map, threshold);
  if (bounds !== undefined) {
    const [top, bottom] = reach(rows, bounds.top, bounds.bottom);
    const [left, right] = reach(columns, bounds.left, bounds.right);
    const height = bottom - top;
    const tall = interpolateRows(probabilities, map.width, rows, top, bottom);
    let inside = false;
    for (let x = left; x < right; x++) {
      const start = columns.starts[x]!;
      const [w0, w1, w2] = [
        columns.weights[x * TAPS]!,
        columns.weights[x * TAPS + 1]!,
        columns.weights[x * TAPS + 2]!,
      ];
      for (let y = 0; y < height; y++) {
        const at = y * map.width + start;
        // A map narrower than three samples has taps beyond its end, with weight 0.
        const value =
          w0 * tall[at]! + (w1 === 0 ? 0 : w1 * tall[at + 1]!) + (w2 === 0 ? 0 : w2 * tall[at + 2]!);
        if (value > threshold === inside) continue;
        position = x * original.height + top + y;
        flush(position);
        inside = !inside;
      }
      // Rows outside the visited ones are unset: a run goes on into the next column only where every row is visited.
      if (inside && height < original.height) {
        flush(x * original.height + bottom);
        inside = false;
      }
    }
    if (inside) flush(right * original.height);
  }
  const total = original.height * original.width;
  if (runStart < total || counts.length === 0) flush(total);
  return { height: original.height, width: original.width, counts: Uint32Array.from(counts) };
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
function reach({ starts }: Taps, first: number, last: number): [from: number, to: number] {
  let from = 0;
  while (from < starts.length && starts[from]! + TAPS - 1 < first) from++;
  let to = starts.length;
  while (to > from && starts[to - 1]! > last) to--;
  return [from, to];
}

function interpolateRows(
  values: Float32Array,
  width: number,
  { starts, weights }: Taps,
  top: number,
  bottom: number,
): Float32Array {
  const out = new Float32Array((bottom - top) * width);
  for (let y = top; y < bottom; y++) {
    for (let tap = 0; tap < TAPS; tap++) {
      const weight = weights[y * TAPS + tap]!;
      if (weight === 0) continue;
      const source = (starts[y]! + tap) * width;
      const target = (y - top) * width;
      for (let x = 0; x < width; x++) out[target + x]! += weight * values[source + x]!;
    }
  }
  return out;
}
