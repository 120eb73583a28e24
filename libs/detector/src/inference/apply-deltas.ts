import * as tf from '@tensorflow/tfjs-core';

/** exp is not asked for more: a box 62.5 times its anchor (Fast R-CNN's reference). */
const MAX_LOG_RATIO = Math.log(1000 / 16);

/** Boxes [N, 4] x1, y1, x2, y2 of deltas [N, 4] at anchors [N, 4]. */
export function applyDeltas(deltas: tf.Tensor2D, anchors: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const [start, end] = tf.split(anchors, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const [shift, stretch] = tf.split(deltas, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const size = tf.sub(end, start);
    const center = tf.add(tf.add(start, tf.mul(size, 0.5)), tf.mul(shift, size));
    const half = tf.mul(tf.mul(size, 0.5), tf.exp(tf.minimum(stretch, MAX_LOG_RATIO)));
    return tf.concat<tf.Tensor2D>([tf.sub(center, half), tf.add(center, half)], 1);
  });
}
