import { describe, expect, it } from 'vitest';
import { configDifferences } from './config-differences.ts';
import { Curve } from './curve.ts';
import { decimate } from './decimate.ts';
import { smooth } from './smooth.ts';

const point = (iteration: number, total: number) => ({
  iteration,
  learningRate: 0.1,
  losses: { total },
  imagesPerSecond: 1,
});

describe('training curves', () => {
  it('go back where a training resumed', () => {
    const curve = new Curve();
    curve.add([point(1, 5), point(2, 4), point(3, 3)]);
    curve.add([point(2, 6)]);
    expect(curve.x).toEqual([1, 2]);
    expect(curve.values.get('loss/total')).toEqual([5, 6]);
  });

  it('keep places for values that come later', () => {
    const curve = new Curve();
    curve.add([point(1, 5), { ...point(2, 4), losses: { total: 4, mask: 1 } }]);
    expect(curve.values.get('loss/mask')).toEqual([NaN, 1]);
  });

  it('lose no peak when they are drawn with fewer points', () => {
    const x = Array.from({ length: 100_000 }, (_, index) => index);
    const y = x.map((value) => (value === 77_777 ? 9 : Math.sin(value)));
    const line = decimate({ x, y }, -Infinity, Infinity, 600);
    expect(line.x.length).toBeLessThanOrEqual(1200);
    expect(line.y).toContain(9);
    expect(line.x).toEqual([...line.x].sort((a, b) => a - b));
  });

  it('of a part hold its points and one beyond each end', () => {
    const line = decimate({ x: [0, 1, 2, 3, 4], y: [5, 6, 7, 8, 9] }, 1.5, 2.5, 100);
    expect(line).toEqual({ x: [1, 2, 3], y: [6, 7, 8] });
  });

  it('are smoothed without a pull to zero at their start', () => {
    expect(smooth([3, 3, 3], 0.9).map((value) => value.toFixed(6))).toEqual([
      '3.000000',
      '3.000000',
      '3.000000',
    ]);
  });

  it('come with the settings in which their runs differ', () => {
    const differences = configDifferences([
      { seed: 1, schedule: { iterations: 10, rate: 0.1 } },
      { seed: 2, schedule: { iterations: 10 } },
    ]);
    expect(differences).toEqual([
      { path: 'seed', values: ['1', '2'] },
      { path: 'schedule.rate', values: ['0.1', '–'] },
    ]);
  });
});
