import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { dynamicMaskLogits } from '../heads/dynamic-mask-head.ts';
import type { Model } from '../model.ts';
import type { MaskTargets } from '../training-batch.ts';
import { diceLoss } from './dice-loss.ts';

/** Mean Dice loss of the selected instances. `patches` [P, 9C] of the controller's features at the positives. */
export function maskLoss(
  config: DetectorConfig,
  { controller, branch }: NonNullable<Model['masks']>,
  pyramid: readonly tf.Tensor4D[],
  patches: tf.Tensor2D,
  targets: MaskTargets,
): tf.Scalar {
  const features = branch.forward(pyramid, true);
  const atPositives = controller.parametersAt(patches);
  const logits = dynamicMaskLogits(features, 2 ** config.levels[0]!, {
    slots: targets.slots,
    parameters: tf.gather(atPositives, tf.tensor1d(targets.positives, 'int32')),
    origins: targets.origins,
  });
  const pixels = targets.height * targets.width;
  const samples = tf.cast(tf.tensor2d(targets.samples, [targets.sampleCount, pixels], 'bool'), 'float32');
  const perInstance = diceLoss(
    tf.reshape(logits, [-1, pixels]),
    tf.gather(samples, tf.tensor1d(targets.targetIndex, 'int32')),
    tf.tensor1d(targets.targetArea),
  );
  const weights = tf.tensor1d(targets.weights.map((weight) => weight / targets.count));
  return tf.sum(tf.mul(perInstance, weights));
}
