/** RetinaNet's loss over a prepared batch (method 2.10): focal over all anchors, L1 of the deltas of the positive ones. */
import * as tf from '@tensorflow/tfjs-core';
import { sigmoidFocalLoss } from '@cassl/engine';
import type { DetectorConfig } from '../config.ts';
import type { RetinaNetHead } from '../heads/retinanet-head.ts';
import { type TrainingBatch, wholeOf } from '../training-batch.ts';
import type { LossTensors } from './loss-tensors.ts';

/** `positives` divides both sums, at least 1; anchors with label -1 count for nothing. */
export function anchorLoss(
  config: DetectorConfig,
  head: RetinaNetHead,
  pyramid: readonly tf.Tensor4D[],
  batch: TrainingBatch,
  positives: number,
): LossTensors {
  const { logits, deltas } = head.predict(pyramid);
  const zero = tf.scalar(0);
  const cls = tf.div<tf.Scalar>(anchorClassLoss(config, logits, batch.labels), positives);
  if (wholeOf(batch).positives === 0) return { total: cls, cls, box: zero, ctr: zero, mask: zero };
  const { cells, count, distances, isPlaceholder } = batch.positives;
  const predicted = tf.gather(deltas, tf.tensor1d(cells, 'int32'));
  const distance = tf.sum(tf.abs(tf.sub(predicted, tf.tensor2d(distances, [count, 4]))));
  const box = tf.div<tf.Scalar>(tf.mul(distance, isPlaceholder === true ? 0 : 1), positives);
  return { total: tf.add(cls, box), cls, box, ctr: zero, mask: zero };
}

/** Sum over anchors and classes. */
function anchorClassLoss(
  config: Pick<DetectorConfig, 'classes' | 'focalAlpha' | 'focalGamma'>,
  logits: tf.Tensor2D,
  labels: Int32Array,
): tf.Scalar {
  const column = tf.tensor2d(labels, [labels.length, 1], 'int32');
  const targets = tf.cast(tf.equal(column, tf.range(0, config.classes, 1, 'int32')), 'float32');
  const counts = tf.cast(tf.greaterEqual(column, tf.scalar(0, 'int32')), 'float32');
  const options = { alpha: config.focalAlpha, gamma: config.focalGamma };
  return tf.sum(tf.mul(sigmoidFocalLoss(logits, targets, options), counts));
}
