import { describe, expect, it } from 'vitest';
import { MAX_CURVE_POINTS, thinCurve } from './thin-curve.ts';

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

  it('drops nothing that fits, and nothing twice', () => {
    const point = (iteration: number) => ({ iteration, learningRate: 0, losses: {}, imagesPerSecond: 0 });
    const fits = Array.from({ length: MAX_CURVE_POINTS }, (_, index) => point(index));
    expect(thinCurve(fits)).toEqual(fits);
    const thinned = thinCurve([...fits, point(MAX_CURVE_POINTS)]);
    const iterations = thinned.map(({ iteration }) => iteration);
    expect(iterations).toEqual([...new Set(iterations)].sort((a, b) => a - b));
    expect(iterations.at(-1)).toBe(MAX_CURVE_POINTS);
  });
});
