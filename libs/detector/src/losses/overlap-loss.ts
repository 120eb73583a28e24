import * as tf from '@tensorflow/tfjs-core';
import type { MaskTargets } from '../training-batch.ts';
import { diceOfProbabilities } from './dice-loss.ts';

/**
 * The entity code's overlap suppression (method.md 2.6): the logits of all locations of one ground truth are averaged, the ground
 * truths of an image compete in a softmax at every pixel, pixels that no or several ground truths cover are zeroed, and each
 * map is compared to its mask by Dice. Sum over ground truths.
 *
 * @param logits [B × slots, pixels]
 * @param samples [G, pixels] ground truth masks
 */
export function overlapLoss(logits: tf.Tensor2D, samples: tf.Tensor2D, targets: MaskTargets): tf.Scalar {
  const average = tf.matMul(averagingMatrix(targets), logits);
  const perImage = countPerImage(targets.sampleImages);
  const competing = splitRows(average as tf.Tensor2D, perImage).map((group) => softmaxOverRows(group));
  const covered = splitRows(samples, perImage).map((group) => onlyOnce(group));
  const probabilities = tf.mul<tf.Tensor2D>(tf.concat(competing, 0), tf.concat(covered, 0));
  const area = tf.sum<tf.Tensor1D>(samples, 1);
  return tf.sum(diceOfProbabilities(probabilities, samples, area));
}

/** [G, B × slots]: row g averages the instances of ground truth g. */
function averagingMatrix({ targetIndex, weights, sampleCount }: MaskTargets): tf.Tensor2D {
  const counts = new Float32Array(sampleCount);
  weights.forEach((weight, index) => {
    counts[targetIndex[index]!]! += weight;
  });
  const matrix = new Float32Array(sampleCount * weights.length);
  weights.forEach((weight, index) => {
    const target = targetIndex[index]!;
    if (weight > 0) matrix[target * weights.length + index] = weight / counts[target]!;
  });
  return tf.tensor2d(matrix, [sampleCount, weights.length]);
}

/** Ground truths are in image order. */
function countPerImage(sampleImages: Int32Array): number[] {
  const counts = new Map<number, number>();
  for (const image of sampleImages) counts.set(image, (counts.get(image) ?? 0) + 1);
  return [...counts.values()];
}

/** tfjs cannot differentiate a split into one piece. */
function splitRows(x: tf.Tensor2D, sizes: number[]): tf.Tensor2D[] {
  return sizes.length === 1 ? [x] : tf.split<tf.Tensor2D>(x, sizes, 0);
}

function softmaxOverRows(x: tf.Tensor2D): tf.Tensor2D {
  return tf.transpose(tf.softmax(tf.transpose(x)));
}

/** [g, pixels] 1 where exactly one mask covers the pixel. */
function onlyOnce(masks: tf.Tensor2D): tf.Tensor2D {
  const once = tf.cast(tf.equal(tf.sum(masks, 0, true), 1), 'float32');
  return tf.tile<tf.Tensor2D>(once as tf.Tensor2D, [masks.shape[0], 1]);
}
