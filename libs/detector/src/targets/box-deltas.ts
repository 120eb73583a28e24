import * as tf from '@tensorflow/tfjs-core';
import type { Xyxy } from '@cassl/vision';

/** exp is not asked for more: a box 62.5 times its anchor (Fast R-CNN's reference). */
const MAX_LOG_RATIO = Math.log(1000 / 16);

/** (Δx / w, Δy / h, log w' / w, log h' / h) of a box from its anchor, all weights 1. */
export function boxDeltas(anchor: Xyxy, box: Xyxy): [number, number, number, number] {
  const [width, height] = [anchor[2] - anchor[0], anchor[3] - anchor[1]];
  return [
    (box[0] + box[2] - anchor[0] - anchor[2]) / 2 / width,
    (box[1] + box[3] - anchor[1] - anchor[3]) / 2 / height,
    Math.log((box[2] - box[0]) / width),
    Math.log((box[3] - box[1]) / height),
  ];
}

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
