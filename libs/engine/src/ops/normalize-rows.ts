import * as tf from '@tensorflow/tfjs-core';

/** (x - mean) / sqrt(variance + epsilon) over `axes`; the variance is the biased one, as in PyTorch's norm layers. */
export function normalizeRows(x: tf.Tensor, axes: number[], epsilon: number): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, axes, true));
  const variance = tf.mean(tf.square(centred), axes, true);
  return tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
}
