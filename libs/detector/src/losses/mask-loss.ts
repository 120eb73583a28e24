import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { dynamicMaskLogits, type MaskInstances } from '../heads/dynamic-mask-head.ts';
import { type KernelPath, PATH_WEIGHTS } from '../heads/kernel-bank.ts';
import { alignedBilinearPlanes } from '../layers/aligned-bilinear.ts';
import type { MaskParts } from '../model.ts';
import type { MaskTargets, WholeBatch } from '../training-batch.ts';
import { diceLoss } from './dice-loss.ts';
import { overlapLoss } from './overlap-loss.ts';

interface MaskLossTargets {
  readonly targets: MaskTargets;
  /** What the means are over. */
  readonly whole: WholeBatch;
}

/**
 * Mean Dice loss of the selected instances, with the entity extras where the config has them. `patches` [P, 9C] of the
 * controller's features at the positives.
 */
export function maskLoss(
  config: DetectorConfig,
  { controller, branch, bank }: MaskParts,
  pyramid: readonly tf.Tensor4D[],
  patches: tf.Tensor2D,
  { targets, whole }: MaskLossTargets,
): tf.Scalar {
  const stride = 2 ** config.levels[0]!;
  const features = branch.forward(pyramid, true);
  const instances: MaskInstances = {
    slots: targets.slots,
    parameters: tf.gather(controller.parametersAt(patches), tf.tensor1d(targets.positives, 'int32')),
    origins: targets.origins,
  };
  const pixels = targets.height * targets.width;
  const samples = tf.cast(tf.tensor2d(targets.samples, [targets.sampleCount, pixels], 'bool'), 'float32');
  const dice = createMeanDice(samples, targets, whole.masks);

  if (bank === undefined) {
    const logits = tf.reshape<tf.Rank.R2>(dynamicMaskLogits(features, stride, instances), [-1, pixels]);
    return withOverlap(config, dice(logits), logits, samples, { targets, whole });
  }
  const paths = bank.logits(features, stride, instances);
  const enlarged = (path: KernelPath): tf.Tensor2D =>
    tf.reshape(alignedBilinearPlanes(paths[path], 2), [-1, pixels]);
  const losses = (Object.keys(PATH_WEIGHTS) as KernelPath[]).map((path) =>
    tf.mul<tf.Scalar>(dice(enlarged(path)), PATH_WEIGHTS[path]),
  );
  return withOverlap(config, tf.addN(losses), enlarged('111'), samples, { targets, whole });
}

function createMeanDice(
  samples: tf.Tensor2D,
  targets: MaskTargets,
  count: number,
): (logits: tf.Tensor2D) => tf.Scalar {
  const truth = tf.gather(samples, tf.tensor1d(targets.targetIndex, 'int32'));
  const area = tf.tensor1d(targets.targetArea);
  const weights = tf.tensor1d(targets.weights.map((weight) => weight / count));
  return (logits) => tf.sum(tf.mul(diceLoss(logits, truth, area), weights));
}

function withOverlap(
  config: DetectorConfig,
  loss: tf.Scalar,
  logits: tf.Tensor2D,
  samples: tf.Tensor2D,
  { targets, whole }: MaskLossTargets,
): tf.Scalar {
  if (config.overlapWeight === 0) return loss;
  // The empty ground truth of a part without any has no weight.
  const weight = targets.count === 0 ? 0 : config.overlapWeight / whole.truths;
  return tf.add(loss, tf.mul(overlapLoss(logits, samples, targets), weight));
}
