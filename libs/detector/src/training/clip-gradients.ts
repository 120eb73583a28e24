import * as tf from '@tensorflow/tfjs-core';

/**
 * Scales all gradients down together where their common L2 norm passes `limit` (https://arxiv.org/abs/1211.5063), without
 * reading anything back. Returns new tensors; the caller disposes both maps.
 */
export function clipGradients(gradients: tf.NamedTensorMap, limit: number): tf.NamedTensorMap {
  return tf.tidy(() => {
    const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(tf.addN(squares));
    const scale = tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6)));
    return Object.fromEntries(
      Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, scale)]),
    );
  });
}
