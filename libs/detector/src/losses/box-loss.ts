import * as tf from '@tensorflow/tfjs-core';

export interface BoxOverlap {
  /** [P] (I + 1) / (U + 1): the reference's smoothed IoU, in stride units. */
  readonly iou: tf.Tensor1D;
  /** [P] that IoU minus (C − U) / C, with C the area of the enclosing box. */
  readonly giou: tf.Tensor1D;
}

/** IoU and GIoU of boxes given as distances [P, 4] from one common point (method 2.5). */
export function distanceOverlap(predicted: tf.Tensor2D, target: tf.Tensor2D): BoxOverlap {
  const inner = tf.minimum<tf.Tensor2D>(predicted, target);
  const outer = tf.maximum<tf.Tensor2D>(predicted, target);
  const intersection = area(inner);
  const union = tf.sub(tf.add(area(predicted), area(target)), intersection);
  const enclosing = area(outer);
  const iou = tf.div<tf.Tensor1D>(tf.add(intersection, 1), tf.add(union, 1));
  const giou = tf.sub<tf.Tensor1D>(iou, tf.div(tf.sub(enclosing, union), enclosing));
  return { iou, giou };
}

/** (l + r) (t + b) */
function area(distances: tf.Tensor2D): tf.Tensor1D {
  const [start, end] = tf.split(distances, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  return tf.prod(tf.add(start, end), 1);
}

/** Σ weight (1 − GIoU) */
export function giouLoss({ giou }: BoxOverlap, weights: tf.Tensor1D): tf.Scalar {
  return tf.sum(tf.mul(weights, tf.sub(1, giou)));
}
