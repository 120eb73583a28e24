import { conv2d, groupNorm, openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gradientsOf } from './variable-gradients.ts';

beforeAll(() => openEngine({ engine: 'cpu' }));

function network() {
  const filter = (seed: number) =>
    tf.variable(tf.randomNormal<tf.Rank.R4>([3, 3, 4, 4], 0, 1, 'float32', seed));
  const weights = [
    filter(1),
    filter(2),
    tf.variable(tf.ones<tf.Rank.R1>([4])),
    tf.variable(tf.zeros<tf.Rank.R1>([4])),
  ] as const;
  const unused = tf.variable(tf.scalar(1));
  const input = tf.randomNormal<tf.Rank.R4>([2, 6, 6, 4], 0, 1, 'float32', 3);
  const loss = (): tf.Scalar => {
    const [first, second, gamma, beta] = weights;
    const x = conv2d(input, first, { padding: 1, activation: 'relu' });
    // Used twice, split, handed through: what makes gradients add up.
    const y = tf.add(x, groupNorm(conv2d(x, second, { padding: 1 }), gamma, beta, 2));
    const [left, right] = tf.split(y, 2, 3);
    tf.square(x);
    return tf.add(tf.sum(tf.square(left!)), tf.sum(tf.mul(left!, tf.sigmoid(right!))));
  };
  return { weights, unused, loss };
}

describe('gradientsOf', () => {
  it('gives what tf.variableGrads gives, and undefined without a path', () => {
    const { weights, unused, loss } = network();
    const expected = tf.variableGrads(loss, [...weights]).grads;
    const actual = tf.tidy(() =>
      gradientsOf(loss, [...weights, unused]).map((gradient) => gradient?.arraySync()),
    );
    weights.forEach((weight, index) => {
      expect(actual[index]).toEqual(expected[weight.name]!.arraySync());
    });
    expect(actual[4]).toBeUndefined();
  });

  it('leaves nothing behind, on an error neither', () => {
    const { weights, loss } = network();
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      gradientsOf(loss, [...weights]);
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(() =>
      tf.tidy(() => {
        gradientsOf(() => {
          loss();
          throw new Error('out of memory');
        }, [...weights]);
      }),
    ).toThrow('out of memory');
    expect(
      tf
        .grad((x: tf.Tensor) => tf.square(x))(tf.scalar(3))
        .dataSync()[0],
    ).toBe(6);
  });

  it('frees activations on the way back', () => {
    const weight = tf.variable(tf.scalar(1.01));
    const alive: number[] = [];
    const chain = (): tf.Scalar => {
      let x: tf.Tensor = tf.ones([100]);
      for (let layer = 0; layer < 10; layer++) {
        const probe = tf.customGrad((value) => {
          return {
            value: tf.clone(value as tf.Tensor),
            gradFunc: (dy) => {
              alive.push(tf.memory().numTensors);
              return tf.clone(dy);
            },
          };
        });
        x = probe(tf.mul(x, weight));
      }
      return tf.sum(x);
    };
    tf.tidy(() => {
      gradientsOf(chain, [weight]);
    });
    expect(alive).toHaveLength(10);
    expect(alive.at(-1)!).toBeLessThan(alive[0]!);
  });
});
