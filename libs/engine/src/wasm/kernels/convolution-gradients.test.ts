import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../open-engine.ts';
import { expectSameAsCpu } from '../../testing/both-engines.ts';
import { silentLogger } from '../../testing/silent-logger.ts';

type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;

const uneven: tf.backend_util.ExplicitPadding = [
  [0, 0],
  [2, 1],
  [0, 3],
  [0, 0],
];

const sizes = [
  { x: [2, 11, 9, 5], filter: [3, 3, 5, 7] },
  { x: [1, 8, 13, 20], filter: [1, 1, 20, 17] },
  { x: [3, 9, 10, 3], filter: [7, 5, 3, 4] },
  { x: [2, 7, 6, 18], filter: [2, 4, 18, 3] },
] as const;

function gradients(stride: number, pad: Pad) {
  const rounding = typeof pad === 'string' ? undefined : 'floor';
  return (...[x, filter]: tf.Tensor[]) => {
    const convolve = (x: tf.Tensor, filter: tf.Tensor) =>
      tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad, 'NHWC', 1, rounding);
    // Not all ones: a gradient that mixes up its pixels must show.
    const dy = tf.sin(tf.reshape(tf.range(0, convolve(x!, filter!).size), convolve(x!, filter!).shape));
    return tf.grads(convolve)([x!, filter!], dy);
  };
}

describe('convolution gradients on wasm', () => {
  for (const { x, filter } of sizes) {
    for (const stride of [1, 2, 3]) {
      for (const pad of ['same', 'valid', 1, uneven] as Pad[]) {
        // tfjs-core's output size for a padding given as a number is that of a square filter.
        if (typeof pad === 'number' && filter[0] !== filter[1]) continue;
        it(`are cpu's for x [${x.join()}], filter [${filter.join()}], stride ${stride}, pad ${JSON.stringify(pad)}`, () =>
          expectSameAsCpu('wasm', [x, filter], gradients(stride, pad)));
      }
    }
  }

  it('add up a hundred thousand pixels in parts', async () => {
    await openEngine({ engine: 'wasm', logger: silentLogger });
    const value = tf.tidy(() => {
      const x = tf.fill<tf.Rank.R4>([4, 160, 160, 1], 0.1);
      const [dFilter] = tf.grads((filter) => tf.conv2d(x, filter as tf.Tensor4D, 1, 'valid'))([
        tf.ones([1, 1, 1, 1]),
      ]);
      return dFilter!.dataSync()[0]!;
    });
    expect(Math.abs(value / (4 * 160 * 160 * Math.fround(0.1)) - 1)).toBeLessThan(2e-5);
  });

  it('of images that one product does not take together, or not whole, are the sum of its parts', async () => {
    await expectSameAsCpu(
      'wasm',
      [
        [3, 80, 70, 2],
        [3, 3, 2, 3],
      ],
      gradients(1, 'same'),
    );
    await expectSameAsCpu(
      'wasm',
      [
        [2, 201, 193, 2],
        [5, 5, 2, 3],
      ],
      gradients(2, 1),
    );
  });
});
