import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createGradientAccumulator } from './accumulate-gradients.ts';
import { clipGradients } from './clip-gradients.ts';
import { createWeightAverage } from './weight-average.ts';

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

describe('createWeightAverage', () => {
  it('starts as the weights, then keeps the momentum, and lends itself to an evaluation', async () => {
    const weight = tf.variable(tf.tensor1d([0]));
    const average = createWeightAverage(new Map([['w', weight]]), { momentum: 0.75 });
    for (const value of [8, 4, 4]) {
      weight.assign(tf.tensor1d([value]));
      average.update();
    }
    // 8; then half of each: 6; then two thirds: 6 · 2 / 3 + 4 / 3.
    const seen = await average.swapIn(async () => Promise.resolve(values(weight)[0]));
    expect(seen).toBeCloseTo(16 / 3, 5);
    expect(values(weight)).toEqual([4]);
    average.dispose();
  });

  it('refuses a momentum of 1', () => {
    expect(() => createWeightAverage(new Map(), { momentum: 1 })).toThrow(
      /momentum must be in \[0, 1\), got 1/,
    );
  });
});
