import * as tf from '@tensorflow/tfjs-core';

/** Σ BCE(sigmoid(logit), target) = Σ softplus(logit) − logit · target, finite for every logit. */
export function binaryCrossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return tf.sum(tf.sub(tf.softplus(logits), tf.mul(logits, targets)));
}
