import * as tf from '@tensorflow/tfjs-core';
import { describe, it } from 'vitest';
import { expectSameAsCpu } from '../../testing/both-engines.ts';

function gradient(size: number, stride: number, pad: 'same' | 'valid' | number, quantise = 1) {
  return (...[x]: tf.Tensor[]) => {
    const input = tf.div(tf.round(tf.mul(x!, quantise)), quantise);
    const pool = (x: tf.Tensor) =>
      tf.maxPool(x as tf.Tensor4D, size, stride, pad, typeof pad === 'number' ? 'floor' : undefined);
    const dy = tf.sin(tf.reshape(tf.range(0, pool(input).size), pool(input).shape));
    return tf.grad(pool)(input, dy);
  };
}

describe("max-pool's gradient on wasm", () => {
  for (const [size, stride, pad] of [
    [3, 2, 1],
    [2, 2, 'valid'],
    [3, 1, 'same'],
    [2, 3, 'same'],
    [5, 2, 'valid'],
  ] as const) {
    it(`is cpu's for windows of ${size}, stride ${stride}, pad ${pad}`, () =>
      expectSameAsCpu('wasm', [[2, 11, 9, 5]], gradient(size, stride, pad, 1000)));
  }

  it('goes to the first of equal values', () =>
    expectSameAsCpu('wasm', [[2, 9, 8, 3]], gradient(3, 2, 1, 1)));
});
