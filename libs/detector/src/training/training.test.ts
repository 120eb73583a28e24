import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createGradientAccumulator } from './accumulate-gradients.ts';
import { clipGradients } from './clip-gradients.ts';
import { averageInto, teacherMomentum } from './weight-average.ts';

beforeAll(() => openEngine({ engine: 'cpu' }));

const values = (x: tf.Tensor): number[] => [...x.dataSync()];

describe('clipGradients', () => {
  it('scales all gradients together to the limit, and leaves short ones alone', () => {
    const gradients = { a: tf.tensor1d([3]), b: tf.tensor1d([0, 4]) };
    const clipped = clipGradients(gradients, 1);
    expect(values(clipped['a']!)[0]).toBeCloseTo(0.6, 5);
    expect(values(clipped['b']!)[1]).toBeCloseTo(0.8, 5);
    expect(values(clipGradients(gradients, 10)['b']!)).toEqual([0, 4]);
  });
});

describe('createGradientAccumulator', () => {
  it('gives the mean of the parts and starts anew without a leak', () => {
    const accumulator = createGradientAccumulator();
    const before = tf.memory().numTensors;
    for (const value of [1, 3]) {
      const part = { w: tf.tensor1d([value, 2 * value]) };
      accumulator.add(part);
      tf.dispose(part);
    }
    const mean = accumulator.take();
    expect(values(mean['w']!)).toEqual([2, 4]);
    tf.dispose(mean);
    expect(tf.memory().numTensors).toBe(before);
    expect(() => accumulator.take()).toThrow(/no gradients were added/);
  });
});

describe("a mean teacher's weights", () => {
  it('start as the weights, then keep 1 − 1 / (t + 1) of themselves until that is the momentum', () => {
    const weights = new Map([['w', tf.variable(tf.tensor1d([0]))]]);
    const averages = new Map([['w', tf.variable(tf.tensor1d([-7]))]]);
    const seen = [8, 4, 4, 0].map((value, step) => {
      weights.get('w')!.assign(tf.tensor1d([value]));
      averageInto(averages, weights, teacherMomentum(step, 0.6));
      return values(averages.get('w')!)[0]!;
    });
    // 8; half of each: 6; then 0.6 of itself instead of 2 / 3.
    [8, 6, 0.6 * 6 + 0.4 * 4, 0.6 * 5.2].forEach((value, step) => expect(seen[step]).toBeCloseTo(value, 5));
    expect([0, 1, 9, 998, 5000].map((step) => teacherMomentum(step))).toEqual([
      0,
      0.5,
      0.9,
      1 - 1 / 999,
      0.999,
    ]);
  });

  it('stay bit by bit where the weights do', () => {
    const value = tf.tensor1d([0.1, 1 / 3, 7e-9]);
    const weights = new Map([['w', tf.variable(value)]]);
    const averages = new Map([['w', tf.variable(value)]]);
    for (let step = 1; step < 5; step++) averageInto(averages, weights, teacherMomentum(step));
    expect(values(averages.get('w')!)).toEqual(values(value));
  });

  it('name a weight that is not there', () => {
    const averages = new Map([['w', tf.variable(tf.tensor1d([0]))]]);
    expect(() => averageInto(averages, new Map(), 0.5)).toThrow(/no weight w to average/);
  });
});
