/** CondInst's loss over a prepared batch (method.md 2.5): L = L_cls + L_box + L_ctr + L_mask, all weights 1. */
import * as tf from '@tensorflow/tfjs-core';
import { sigmoidFocalLoss } from '@cassl/engine';
import type { DetectorConfig } from '../config.ts';
import { cellRows, gatherPatches } from '../heads/cells.ts';
import type { FcosHead } from '../heads/fcos-head.ts';
import { withoutGradient } from '../layers/without-gradient.ts';
import type { Model } from '../model.ts';
import { wholeOf, type PositiveTargets, type TrainingBatch, type WholeBatch } from '../training-batch.ts';
import { anchorLoss } from './anchor-loss.ts';
import { binaryCrossEntropy } from './binary-cross-entropy.ts';
import { distanceOverlap, giouLoss } from './box-loss.ts';
import type { LossTensors } from './loss-tensors.ts';
import { maskLoss } from './mask-loss.ts';

/**
 * `positives`: what divides the classification and centerness sums, at least 1. Of a part of a batch these are its
 * contributions: over all parts they add up to the losses of the whole.
 */
export function detectionLoss(
  config: DetectorConfig,
  model: Model,
  pyramid: readonly tf.Tensor4D[],
  batch: TrainingBatch,
  positives: number,
): LossTensors {
  const { head } = model;
  if (head.kind === 'retinanet') return anchorLoss(config, head, pyramid, batch, positives);
  const whole = wholeOf(batch);
  const logits = head.classLogits(pyramid);
  const cls = tf.div<tf.Scalar>(classLoss(config, logits, batch.labels), positives);
  if (whole.positives === 0) {
    const zero = tf.scalar(0);
    return { total: cls, cls, box: zero, ctr: zero, mask: zero };
  }

  const towers = head.boxTower(pyramid);
  const patchIndex = tf.tensor1d(batch.positives.patches, 'int32');
  const patches = gatherPatches(cellRows(towers), patchIndex);
  const boxes = boxLosses(config, head, patches, batch.positives, { positives, whole });
  const { box, ctr } = batch.positives.isPlaceholder === true ? nothing(boxes) : boxes;
  if (model.masks === undefined || batch.masks === undefined) {
    return { total: tf.addN([cls, box, ctr]), cls, box, ctr, mask: tf.scalar(0) };
  }
  const { controller } = model.masks;
  const kernelPatches = controller.hasOwnFeatures
    ? gatherPatches(cellRows(controller.features(towers)), patchIndex)
    : patches;
  const mask = maskLoss(config, model.masks, pyramid, kernelPatches, { targets: batch.masks, whole });
  return { total: tf.addN([cls, box, ctr, mask]), cls, box, ctr, mask };
}

/** The same graph, so that the processes stay in step, with no weight. */
function nothing<T extends Record<string, tf.Scalar>>(losses: T): T {
  return Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, tf.mul(loss, 0)])) as T;
}

/** Sum of the focal loss over all cells and classes; a background cell is 0 in every class. */
function classLoss(config: DetectorConfig, logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  const categories = tf.range(0, config.classes, 1, 'int32');
  const targets = tf.cast(tf.equal(tf.tensor2d(labels, [labels.length, 1], 'int32'), categories), 'float32');
  return tf.sum(sigmoidFocalLoss(logits, targets, { alpha: config.focalAlpha, gamma: config.focalGamma }));
}

function boxLosses(
  config: DetectorConfig,
  head: FcosHead,
  patches: tf.Tensor2D,
  targets: PositiveTargets,
  { positives, whole }: { readonly positives: number; readonly whole: WholeBatch },
): { box: tf.Scalar; ctr: tf.Scalar } {
  const predicted = head.boxesAt(patches, tf.tensor1d(targets.levels, 'int32'));
  const overlap = distanceOverlap(predicted.distances, tf.tensor2d(targets.distances, [targets.count, 4]));
  if (config.boxQuality === 'iou') {
    const weights = tf.fill<tf.Rank.R1>([targets.count], 1 / positives);
    // The target is a number, not a path for gradients.
    const quality = withoutGradient(overlap.iou, (iou) => tf.clone(iou));
    return {
      box: giouLoss(overlap, weights),
      ctr: tf.div(binaryCrossEntropy(predicted.quality, quality), positives),
    };
  }
  const weights = tf.tensor1d(targets.centerness.map((value) => value / Math.max(whole.centerness, 1e-6)));
  const ctr = binaryCrossEntropy(predicted.quality, tf.tensor1d(targets.centerness));
  return { box: giouLoss(overlap, weights), ctr: tf.div(ctr, positives) };
}
