import * as tf from '@tensorflow/tfjs-core';

/**
 * Nearest ×2 enlargement of `coarse` [B, H, W, C] plus `fine` [B, 2H, 2W, C], as one broadcast sum over the 2×2 cells;
 * its gradient is a sum over them, so no engine needs a resize kernel.
 */
export function nearestTimesTwoPlus(coarse: tf.Tensor4D, fine: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = coarse.shape;
  const cells = tf.reshape(fine, [batch * height, 2, width, 2 * channels]);
  const columns = tf.concat([coarse, coarse], 3);
  const doubled = tf.reshape(columns, [batch * height, 1, width, 2 * channels]);
  return tf.reshape(tf.add(doubled, cells), fine.shape);
}
