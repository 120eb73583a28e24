import { describe, expect, it } from 'vitest';
import { aggregate } from './report-pipeline.ts';
import { MAX_CURVE_POINTS, thinCurve } from '../training/thin-curve.ts';

describe('aggregate', () => {
  it('gives mean and sample standard deviation', () => {
    expect(aggregate([1, 2, 3])).toEqual({ mean: 2, std: 1, seeds: [1, 2, 3] });
    expect(aggregate([0.5])).toEqual({ mean: 0.5, std: 0, seeds: [0.5] });
  });
});

describe('thinCurve', () => {
  it('keeps at most 500 points, the newest always', () => {
    let curve: ReturnType<typeof thinCurve> = [];
    for (let iteration = 1; iteration <= 5000; iteration += 1) {
      curve = thinCurve([...curve, { iteration, learningRate: 0, losses: {}, imagesPerSecond: 0 }]);
    }
    expect(curve.length).toBeLessThanOrEqual(MAX_CURVE_POINTS);
    expect(curve.length).toBeGreaterThan(MAX_CURVE_POINTS / 3);
    expect(curve[0]?.iteration).toBe(1);
    expect(curve.at(-1)?.iteration).toBe(5000);
  });
});
