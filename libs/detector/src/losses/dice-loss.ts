import * as tf from '@tensorflow/tfjs-core';

const EPSILON = 1e-5;

/**
 * Dice per row: 1 − 2 Σ m g / (Σ m² + Σ g² + 1e-5), with m = sigmoid(logits) (method 2.5).
 *
 * @param logits [M, pixels]
 * @param targets [M, pixels] 0 or 1
 * @param targetArea [M] Σ g²
 */
export function diceLoss(logits: tf.Tensor2D, targets: tf.Tensor2D, targetArea: tf.Tensor1D): tf.Tensor1D {
  return diceOfProbabilities(tf.sigmoid(logits), targets, targetArea);
}

export function diceOfProbabilities(
  mask: tf.Tensor2D,
  targets: tf.Tensor2D,
  targetArea: tf.Tensor1D,
): tf.Tensor1D {
  const overlap = tf.sum(tf.mul(mask, targets), 1);
  const size = tf.add(tf.add(tf.sum(tf.square(mask), 1), targetArea), EPSILON);
  return tf.sub(1, tf.div(tf.mul(overlap, 2), size));
}
