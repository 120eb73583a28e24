import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../open-engine.ts';
import { attention } from './attention.ts';
import { conv2d } from './conv2d.ts';
import { gelu } from './gelu.ts';
import { groupNorm } from './group-norm.ts';
import { layerNorm } from './layer-norm.ts';
import { sigmoidFocalLoss } from './sigmoid-focal-loss.ts';

import { silentLogger as silent } from '../testing/silent-logger.ts';
beforeAll(async () => void (await openEngine({ engine: 'cpu', logger: silent })));

// Golden numbers: PyTorch 2.13.
describe('golden values of the plain ops', () => {
  it('focal loss and its gradient', async () => {
    const logits = tf.tensor1d([2, -1, 0, -4.59511985]);
    const targets = tf.tensor1d([1, 0, 1, 0]);
    expectClose(
      await sigmoidFocalLoss(logits, targets).data(),
      [0.0004509, 0.0169935, 0.0433217, 8e-7],
      1e-7,
    );
    const gradient = tf.grad((x) => tf.sum(sigmoidFocalLoss(x as tf.Tensor1D, targets)))(logits);
    expectClose(await gradient.data(), [-0.0012177, 0.0394358, -0.0745717, 0.0000022], 1e-7);
  });

  it('gelu', async () => {
    expectClose(await gelu(tf.tensor1d([1, -0.5])).data(), [0.8413447, -0.1542688], 5e-7);
  });

  it('layer norm and group norm', async () => {
    const unit = [-1.3416355, -0.4472118, 0.4472118, 1.3416355];
    const row = layerNorm(tf.tensor2d([[1, 2, 3, 4]]), tf.ones([4]), tf.zeros([4]));
    expectClose(await row.data(), unit, 1e-6);
    // Channels first in the reference: channel c has pixels 2c and 2c + 1.
    const pixels = tf.tensor4d([0, 2, 4, 6, 1, 3, 5, 7], [1, 1, 2, 4]);
    const grouped = groupNorm(pixels, tf.ones([4]), tf.zeros([4]), 2);
    const [a, b, c, d] = unit as [number, number, number, number];
    expectClose(await grouped.data(), [a, c, a, c, b, d, b, d], 1e-6);
  });

  it('attention averages the values where all scores are equal', async () => {
    const v = tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]);
    const y = attention(tf.zeros([1, 1, 1, 2]), tf.ones([1, 1, 2, 2]), v, { scale: 1 });
    expectClose(await y.data(), [2, 3], 1e-6);
    const bias = tf.tensor1d([0, Math.log(3)]);
    const biased = attention(tf.zeros([1, 1, 1, 2]), tf.ones([1, 1, 2, 2]), v, { scale: 1, bias });
    expectClose(await biased.data(), [2.5, 3.5], 1e-6);
  });

  it('conv2d pads, strides, dilates, groups and rectifies', async () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const ones = tf.ones<tf.Rank.R4>([3, 3, 1, 1]);
    expectClose(await conv2d(x, ones, { padding: 1 }).data(), [12, 21, 16, 27, 45, 33, 24, 39, 28], 0);
    expectClose(await conv2d(x, ones, { padding: 1, stride: 2 }).data(), [12, 16, 24, 28], 0);
    const spread = conv2d(x, tf.ones([2, 2, 1, 1]), {
      dilation: 2,
      bias: tf.tensor1d([-25]),
      activation: 'relu',
    });
    expectClose(await spread.data(), [0], 0);
    const pair = tf.tensor4d([1, 2], [1, 1, 1, 2]);
    expectClose(await conv2d(pair, tf.tensor4d([3, 5], [1, 1, 1, 2]), { groups: 2 }).data(), [3, 10], 0);
  });

  it('conv2d names what does not fit', () => {
    const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 3]);
    expect(() => conv2d(x, tf.zeros([3, 3, 4, 8]))).toThrow('does not fit x [1, 4, 4, 3]');
    expect(() => conv2d(x, tf.zeros([3, 3, 3, 8]), { padding: -1 })).toThrow(
      'padding must be an integer of at least 0',
    );
    expect(() => conv2d(x, tf.zeros([3, 3, 3, 8]), { bias: tf.zeros([7]) })).toThrow(
      'bias must have 8 elements',
    );
  });
});

function expectClose(
  actual: Float32Array | Int32Array | Uint8Array,
  expected: number[],
  tolerance: number,
): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries())
    expect(Math.abs(actual[index]! - value)).toBeLessThanOrEqual(tolerance);
}
