/** Scores by hundredths, as label sets count them. */
export const BINS = 100;

export function addCounts(into: Float64Array, counts: readonly number[]): void {
  counts.forEach((count, bin) => {
    const at = Math.min(bin, BINS - 1);
    into[at] = (into[at] ?? 0) + count;
  });
}

/** The hundredth below which the given part of the counted scores lies; 0 where there are none. */
export function quantile(counts: Float64Array, part: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    seen += counts[bin] ?? 0;
    if (total > 0 && seen >= part * total) return bin / BINS;
  }
  return 0;
}

const COARSE = 10;

/**
 * Population stability index: the sum over ten score ranges, and "no label", of (b - a) ln(b / a), smoothed by half a count.
 * @param imagesA images behind `a`, of which `emptyA` had no label
 */
export function stabilityIndex(
  a: { readonly scores: Float64Array; readonly empty: number },
  b: { readonly scores: Float64Array; readonly empty: number },
): number {
  const parts = ({ scores, empty }: typeof a): number[] => {
    const coarse = Array.from({ length: COARSE }, (_, i) =>
      scores.subarray((i * BINS) / COARSE, ((i + 1) * BINS) / COARSE).reduce((sum, n) => sum + n, 0),
    );
    const counts = [empty, ...coarse].map((count) => count + 0.5);
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => count / total);
  };
  const [before, after] = [parts(a), parts(b)];
  return before.reduce(
    (sum, part, i) => sum + ((after[i] ?? 0) - part) * Math.log((after[i] ?? 0) / part),
    0,
  );
}
