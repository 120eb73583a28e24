import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { affine } from './swin-layers.ts';

beforeAll(async () => {
  await openEngine({ engine: 'cpu' });
});

it.each([true, false])('is x·W + b with the gradients of plain ops (bias: %s)', (biased) => {
  const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
  const inputs = [random([5, 3], 1), random([3, 4], 2), ...(biased ? [random([4], 3)] : [])];
  const dy = random([5, 4], 4);
  const plain = (x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor) => tf.add(tf.matMul(x, w), b ?? 0);
  const ours = (x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor) =>
    affine(x as tf.Tensor2D, w as tf.Tensor2D, b as tf.Tensor1D | undefined);
  const values = (f: typeof plain) => [f(...(inputs as [tf.Tensor, tf.Tensor])), ...tf.grads(f)(inputs, dy)];
  const expected = values(plain);
  values(ours).forEach((got, index) => {
    expect(got.shape).toEqual(expected[index]!.shape);
    expect(tf.max(tf.abs(tf.sub(got, expected[index]!))).dataSync()[0]).toBeLessThan(1e-5);
  });
});
