/** Points of a line, drawn from left to right. */
export interface Line {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/**
 * The same line for a drawing of `buckets` pixels: of each bucket its least and its greatest point, so that no peak is lost.
 * Short lines come back as they are.
 * @param x rising
 */
export function decimate({ x, y }: Line, from: number, to: number, buckets: number): Line {
  const start = Math.max(0, lowerBound(x, from) - 1);
  const end = Math.min(x.length, lowerBound(x, to) + 1);
  const length = end - start;
  if (length <= 2 * buckets) return { x: x.slice(start, end), y: y.slice(start, end) };
  const out: { x: number[]; y: number[] } = { x: [], y: [] };
  for (let bucket = 0; bucket < buckets; bucket++) {
    const first = start + Math.floor((bucket * length) / buckets);
    const last = start + Math.floor(((bucket + 1) * length) / buckets);
    const [low, high] = extremes(y, first, last);
    for (const index of low === high ? [low] : low < high ? [low, high] : [high, low]) {
      out.x.push(x[index] ?? NaN);
      out.y.push(y[index] ?? NaN);
    }
  }
  return out;
}

function extremes(y: readonly number[], first: number, last: number): [low: number, high: number] {
  let low = first;
  let high = first;
  for (let index = first + 1; index < last; index++) {
    const value = y[index] ?? NaN;
    if (value < (y[low] ?? NaN) || Number.isNaN(y[low])) low = index;
    if (value > (y[high] ?? NaN) || Number.isNaN(y[high])) high = index;
  }
  return [low, high];
}

/** The first index whose value is not below `value`. */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
