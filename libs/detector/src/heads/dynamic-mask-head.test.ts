import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { alignedBilinear, alignedBilinearMatrix, alignedBilinearPlanes } from '../layers/aligned-bilinear.ts';
import { checkGradient } from '../testing/check-gradient.ts';
import { dynamicMaskLogits } from './dynamic-mask-head.ts';
import { dynamicParameterCount } from './dynamic-parameters.ts';

beforeAll(() => openEngine({ engine: 'cpu' }));

/** Method.md 7.3: 169 parameters k / 169 - 0.5, 32 feature values from -1 to 1 as [8, 2, 2]. */
const PARAMETERS = Float32Array.from({ length: 169 }, (_, k) => k / 169 - 0.5);

function features(): tf.Tensor4D {
  const channelFirst = tf.tensor3d(
    Float32Array.from({ length: 32 }, (_, k) => -1 + (2 * k) / 31),
    [8, 2, 2],
  );
  return tf.expandDims(tf.transpose(channelFirst, [1, 2, 0]), 0);
}

function logits(parameters: tf.Tensor2D): tf.Tensor3D {
  const origins = new Float32Array([36 / 64, 20 / 64, 1 / 64]);
  return dynamicMaskLogits(features(), 8, { slots: 1, parameters, origins });
}

describe('aligned bilinear (7.2)', () => {
  const square = () => tf.tensor3d([1, 2, 3, 4], [1, 2, 2]);

  it('×2', () => {
    expect(alignedBilinearPlanes(square(), 2).arraySync()).toEqual([
      [
        [1, 1, 1.5, 2],
        [1, 1, 1.5, 2],
        [2, 2, 2.5, 3],
        [3, 3, 3.5, 4],
      ],
    ]);
  });

  it('×4', () => {
    const [plane] = alignedBilinearPlanes(square(), 4).arraySync();
    expect(plane![0]).toEqual([1, 1, 1, 1.25, 1.5, 1.75, 2, 2]);
    expect(plane![3]).toEqual([1.5, 1.5, 1.5, 1.75, 2, 2.25, 2.5, 2.5]);
    expect(plane![7]).toEqual([3, 3, 3, 3.25, 3.5, 3.75, 4, 4]);
  });

  it('treats the channels of maps alike', () => {
    const map = tf.tensor4d([1, -1, 2, -2, 3, -3, 4, -4], [1, 2, 2, 2]);
    const wide = alignedBilinear(map, 2);
    const [positive, negative] = tf.split(wide, 2, 3);
    expect(positive!.dataSync()).toEqual(tf.neg(negative!).dataSync());
    expect([...positive!.dataSync().subarray(8, 12)]).toEqual([2, 2, 2.5, 3]);
  });

  it('rows of the matrix sum to 1', () => {
    const matrix = alignedBilinearMatrix(5, 4);
    for (let row = 0; row < 20; row++) {
      expect(matrix.subarray(row * 5, row * 5 + 5).reduce((sum, value) => sum + value)).toBeCloseTo(1, 6);
    }
  });
});

describe('dynamic mask head (7.3)', () => {
  it('has 169 parameters for 8 channels', () => {
    expect(dynamicParameterCount(8)).toBe(169);
  });

  it('gives the golden logits after ×2 enlargement', () => {
    const [plane] = logits(tf.tensor2d(PARAMETERS, [1, 169])).arraySync();
    const golden = [
      [3.7193618, 3.7193618, 3.5370169, 3.3546722],
      [3.7193618, 3.7193618, 3.5370169, 3.3546722],
      [3.2844691, 3.2844691, 3.1252241, 2.9659791],
      [2.8495765, 2.8495765, 2.7134314, 2.5772862],
    ];
    golden.forEach((row, y) => {
      row.forEach((value, x) => {
        expect(plane![y]![x]).toBeCloseTo(value, 5);
      });
    });
  });

  it('runs every instance on the features of its own image', () => {
    const one = tf.tensor2d(PARAMETERS, [1, 169]);
    const two = tf.concat([features(), tf.zerosLike(features())], 0);
    const origins = new Float32Array([36 / 64, 20 / 64, 1 / 64, 36 / 64, 20 / 64, 1 / 64]);
    const both = dynamicMaskLogits(two, 8, { slots: 1, parameters: tf.tile(one, [2, 1]), origins });
    expect(both.arraySync()[0]).toEqual(logits(one).arraySync()[0]);
    expect(both.arraySync()[1]).not.toEqual(both.arraySync()[0]);
  });

  it('has the gradient of its finite differences', () => {
    checkGradient(
      PARAMETERS.map((value, index) => value + 0.2 * Math.sin(index)),
      [1, 169],
      (x) => tf.mean(tf.square(logits(x as tf.Tensor2D))),
    );
  });
});
