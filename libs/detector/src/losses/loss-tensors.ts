import type * as tf from '@tensorflow/tfjs-core';

/** Scalars that `total` sums. */
export interface LossTensors {
  readonly total: tf.Scalar;
  readonly cls: tf.Scalar;
  readonly box: tf.Scalar;
  readonly ctr: tf.Scalar;
  readonly mask: tf.Scalar;
}
