import { describe, expect, it } from 'vitest';
import { addCounts, BINS, quantile, stabilityIndex } from './score-counts.ts';

const counts = (...pairs: readonly (readonly [bin: number, count: number])[]): Float64Array => {
  const all = new Float64Array(BINS);
  for (const [bin, count] of pairs) all[bin] = count;
  return all;
};

describe('counted scores', () => {
  it('add up, and what lies beyond the last hundredth is in it', () => {
    const sum = counts([3, 1]);
    addCounts(sum, [0, 0, 0, 4]);
    addCounts(
      sum,
      Array.from({ length: 103 }, (_, bin) => (bin > 98 ? 1 : 0)),
    );
    expect([sum[3], sum[98], sum[99]]).toEqual([5, 0, 4]);
  });

  it('have quantiles by hundredths', () => {
    const scores = counts([10, 1], [50, 8], [90, 1]);
    expect([0.1, 0.5, 0.9, 1].map((part) => quantile(scores, part))).toEqual([0.1, 0.5, 0.5, 0.9]);
    expect(quantile(counts(), 0.5)).toBe(0);
  });
});

describe('the stability index', () => {
  const of = (scores: Float64Array, empty = 0): { scores: Float64Array; empty: number } => ({
    scores,
    empty,
  });

  it('is 0 for the same scores, and the same whichever comes first', () => {
    const [a, b] = [of(counts([20, 100], [80, 300]), 5), of(counts([20, 300], [80, 100]), 50)];
    expect(stabilityIndex(a, a)).toBe(0);
    expect(stabilityIndex(a, b)).toBeGreaterThan(0);
    expect(stabilityIndex(a, b)).toBeCloseTo(stabilityIndex(b, a), 12);
  });

  it('is what its formula gives', () => {
    // Two of eleven parts differ: (0.5 + n) / (5.5 + 100) each.
    const [a, b] = [of(counts([5, 75], [15, 25])), of(counts([5, 25], [15, 75]))];
    const [high, low] = [75.5 / 105.5, 25.5 / 105.5];
    expect(stabilityIndex(a, b)).toBeCloseTo(2 * (high - low) * Math.log(high / low), 12);
  });

  it('sees images that have no label any more', () => {
    const before = of(counts([50, 100]), 0);
    expect(stabilityIndex(before, of(counts([50, 100]), 1000))).toBeGreaterThan(2);
    expect(stabilityIndex(before, of(counts([51, 100]), 0))).toBe(0);
  });
});
