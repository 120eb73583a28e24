import * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext } from './backbone.ts';

/**
 * Stochastic depth (Huang et al. 2016, https://arxiv.org/abs/1603.09382): in training, each image of the batch loses
 * the whole branch with probability `rate`; what is kept is divided by 1 - rate, so that its mean stays.
 */
export function dropPath(x: tf.Tensor4D, rate: number, { training, random }: ForwardContext): tf.Tensor4D {
  if (!training || rate === 0) return x;
  const scales = Float32Array.from({ length: x.shape[0] }, () => (random() < rate ? 0 : 1 / (1 - rate)));
  return tf.mul(x, tf.tensor4d(scales, [x.shape[0], 1, 1, 1]));
}
