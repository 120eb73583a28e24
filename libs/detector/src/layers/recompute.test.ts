import { conv2d, openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { recompute } from './recompute.ts';

beforeAll(() => openEngine({ engine: 'cpu' }));

describe('recompute', () => {
  it('gives the gradients of keeping everything, twice over and nested, and leaks nothing', () => {
    const filters = [1, 2].map((seed) =>
      tf.variable(tf.randomNormal<tf.Rank.R4>([3, 3, 2, 2], 0, 1, 'float32', seed)),
    );
    const input = tf.randomNormal<tf.Rank.R4>([1, 5, 5, 2], 0, 1, 'float32', 3);
    const stage = (index: number) => (x: tf.Tensor4D) => tf.relu(conv2d(x, filters[index]!, { padding: 1 }));
    const kept = () => tf.sum<tf.Scalar>(tf.square(stage(1)(stage(0)(input))));
    const again = () => {
      const first = recompute(input, [filters[0]!], stage(0));
      return tf.sum<tf.Scalar>(tf.square(recompute(first, [filters[1]!], stage(1))));
    };
    const gradients = (loss: () => tf.Scalar) =>
      tf.tidy(() =>
        Object.values(tf.variableGrads(loss, filters).grads).map((gradient) => [...gradient.dataSync()]),
      );
    const expected = gradients(kept);
    const before = tf.memory().numTensors;
    const actual = gradients(again);
    expect(actual).toEqual(expected);
    expect(tf.memory().numTensors).toBe(before);
  });
});
