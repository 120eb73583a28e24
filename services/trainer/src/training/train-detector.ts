import * as tf from '@tensorflow/tfjs-core';
import { failedPrecondition } from '@cassl/errors';
import {
  clipGradients,
  LOSS_NAMES,
  readLosses,
  type Detector,
  type LossValues,
  type TrainingBatch,
  type TrainStep,
} from '@cassl/detector';
import { withAutocast, type ParameterOptimizer } from '@cassl/engine';
import type { TrainingPoint } from '@cassl/proto';
import type { JointLearning } from './joint-learning.ts';

export interface TrainDetectorOptions {
  readonly detector: Detector;
  readonly optimizer: ParameterOptimizer;
  /** Learns from unlabeled images as well. */
  readonly joint?: JointLearning | undefined;
  /** Endless; its first batch belongs to step `from`. */
  readonly batches: AsyncIterator<TrainingBatch>;
  /** Steps done before. */
  readonly from: number;
  /** Steps in all. */
  readonly iterations: number;
  readonly learningRateAt: (iteration: number) => number;
  /** Global gradient norm is cut to this; 0 = never. */
  readonly clipNorm: number;
  readonly precision: 'bf16' | 'fp32';
  readonly logEvery: number;
  readonly log: (point: TrainingPoint) => Promise<void>;
  readonly checkpointEvery: number;
  readonly save: (iteration: number) => Promise<void>;
  /** Aborted: save and return. Ranks must see it at the same step. */
  readonly signal: AbortSignal;
}

/**
 * Trains until `iterations`, or until the signal; the return value is the number of steps done.
 * @throws FAILED_PRECONDITION when the loss is not finite
 */
export async function trainDetector(options: TrainDetectorOptions): Promise<number> {
  const { detector, joint, optimizer, batches, iterations, clipNorm, precision, signal } = options;
  let sums: tf.Tensor1D = tf.zeros([LOSS_NAMES.length]);
  let images = 0;
  let steps = 0;
  let since = performance.now();
  let done = options.from;

  for (let iteration = options.from; iteration < iterations;) {
    if (signal.aborted) {
      await options.save(iteration);
      break;
    }
    const next = await batches.next();
    if (next.done === true) throw new TypeError('batches must never end');
    const batch = next.value;

    const learningRate = options.learningRateAt(iteration);
    const compute = (part: TrainingBatch): TrainStep =>
      withAutocast(precision, () => detector.gradients(part));
    const step = joint === undefined ? compute(batch) : await joint.gradients(batch, iteration, compute);
    const nextSums = tf.tidy(() => {
      optimizer.step(clipNorm > 0 ? clipGradients(step.gradients, clipNorm) : step.gradients, learningRate);
      return tf.add<tf.Tensor1D>(sums, step.losses);
    });
    step.dispose();
    joint?.follow(iteration);
    sums.dispose();
    sums = nextSums;
    images += (batch.whole?.images ?? batch.batchSize) + (joint?.imagesPerStep ?? 0);
    steps += 1;
    iteration += 1;

    if (iteration % options.logEvery === 0 || iteration === iterations) {
      const losses = await meanLosses(sums, steps);
      if (!Number.isFinite(losses.total)) {
        throw failedPrecondition(
          `the loss was not finite by step ${iteration} (${JSON.stringify(losses)}); lower schedule.learning_rate (${learningRate}) or set schedule.clip_norm`,
        );
      }
      const seconds = (performance.now() - since) / 1000;
      await options.log({ iteration, learningRate, losses, imagesPerSecond: images / seconds });
      sums.dispose();
      sums = tf.zeros([LOSS_NAMES.length]);
      images = steps = 0;
      since = performance.now();
    }
    if (iteration % options.checkpointEvery === 0 && iteration < iterations) await options.save(iteration);
    done = iteration;
  }
  sums.dispose();
  return done;
}

async function meanLosses(sums: tf.Tensor1D, steps: number): Promise<LossValues> {
  const values = await readLosses(sums);
  return Object.fromEntries(LOSS_NAMES.map((name) => [name, values[name] / steps])) as unknown as LossValues;
}
