import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { gradientsOf } from '../training/variable-gradients.ts';
import { residual } from './residual.ts';

beforeAll(async () => {
  await openEngine({ engine: 'cpu' });
});

it('has the gradients of a sum, also where both operands are one tensor', () => {
  tf.tidy(() => {
    const x = tf.tensor4d([1, -2, 3, -4], [1, 2, 2, 1]);
    const loss = () => tf.sum(tf.square(residual(residual(x, x), tf.mul(x, 3))));
    // (5x)² has the gradient 50x.
    const [dx] = gradientsOf(loss, [x]);
    expect([...dx!.dataSync()]).toEqual([50, -100, 150, -200]);
    expect([
      ...tf
        .grad((y) => tf.sum(tf.square(residual(y as tf.Tensor4D, y as tf.Tensor4D))))(x)
        .dataSync(),
    ]).toEqual([8, -16, 24, -32]);
  });
});

it('keeps no tensor for the backward pass', () => {
  const x = tf.ones<tf.Rank.R4>([1, 2, 2, 1]);
  const kept = (add: (a: tf.Tensor4D, b: tf.Tensor4D) => tf.Tensor): number => {
    let during = 0;
    tf.tidy(() => {
      const before = tf.memory().numDataBuffers;
      gradientsOf(() => {
        const sum = tf.tidy(() => add(tf.mul(x, 2), tf.mul(x, 3)));
        during = tf.memory().numDataBuffers - before;
        return tf.sum(sum);
      }, [x]);
    });
    return during;
  };
  const plain = kept((a, b) => tf.add(a, b));
  expect(kept(residual)).toBe(plain - 2);
});
