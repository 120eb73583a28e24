import * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext } from './backbone.ts';

/**
 * Stochastic depth (Huang et al. 2016, https://arxiv.org/abs/1603.09382): in training, each image of the batch loses
 * the whole branch with probability `rate`; what is kept is divided by 1 - rate, so that its mean stays.
 */
export function dropPath(x: tf.Tensor4D, rate: number, context: ForwardContext): tf.Tensor4D {
  const { training, random } = context;
  if (!training || rate === 0) return x;
  const [count] = x.shape;
  const { firstImage, images } = context.part ?? { firstImage: 0, images: count };
  // Every process draws for all images, so that their streams stay together.
  const drawn = Float32Array.from({ length: images }, () => (random() < rate ? 0 : 1 / (1 - rate)));
  return tf.mul(x, tf.tensor4d(drawn.slice(firstImage, firstImage + count), [count, 1, 1, 1]));
}
