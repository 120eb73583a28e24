/**
 * Batch normalisation whose statistics are those of all processes' images, forward and backward, so that training in parts is
 * training on the whole batch. Deviations are combined as by Chan et al. 1979, without the cancellation of E[x²] − E[x]².
 */
import * as tf from '@tensorflow/tfjs-core';
import type { TrainingGroup } from '../training/training-group.ts';

export interface ChannelStatistics {
  /** [C] */
  readonly mean: tf.Tensor1D;
  /** [C] biased. */
  readonly variance: tf.Tensor1D;
  /** [C] values of a channel over all processes; a tensor, since reading it would wait for a GPU. */
  readonly rows: tf.Tensor1D;
}

export interface SynchronizedNormOptions {
  readonly weight: tf.Variable<tf.Rank.R1>;
  readonly bias: tf.Variable<tf.Rank.R1>;
  readonly epsilon: number;
  readonly group: TrainingGroup;
  /** The batch's statistics, to be copied: they go when it returns. */
  readonly onStatistics: (statistics: ChannelStatistics) => void;
}

/** y = weight (x − mean) / std + bias of `x` [rows, C]. */
export function synchronizedNorm(x: tf.Tensor2D, options: SynchronizedNormOptions): tf.Tensor2D {
  const { weight, bias, epsilon, group, onStatistics } = options;
  const run = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const input = args[0] as tf.Tensor2D;
    const statistics = statisticsOfAll(input, group);
    onStatistics(statistics);
    const { mean, variance, rows } = statistics;
    const scale = tf.rsqrt(tf.add(variance, epsilon));
    const normal = tf.mul(tf.sub(input, mean), scale);
    save([normal, tf.mul(scale, weight), rows]);
    return {
      value: tf.add(tf.mul(normal, weight), bias),
      gradFunc: (dy: tf.Tensor, saved) => {
        const [kept, slope, count] = saved as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D];
        const dBias = tf.sum(dy, 0);
        const dWeight = tf.sum(tf.mul(dy, kept), 0);
        const [sum, product] = group.allReduce([dBias, dWeight], 'sum') as [tf.Tensor, tf.Tensor];
        const shared = tf.div(tf.add(sum, tf.mul(kept, product)), count);
        return [tf.mul(tf.sub(dy, shared), slope), dWeight, dBias];
      },
    };
  });
  return run(x, weight, bias) as tf.Tensor2D;
}

function statisticsOfAll(x: tf.Tensor2D, { rank, size, allReduce }: TrainingGroup): ChannelStatistics {
  const [rows, channels] = x.shape;
  const own = tf.moments(x, 0);
  const row = tf.stack([tf.fill([channels], rows), own.mean, own.variance]);
  // Each process fills its own place of [size, 3, C].
  const placed = Array.from({ length: size }, (_, at) => (at === rank ? row : tf.zerosLike(row)));
  const [table] = allReduce([tf.stack(placed)], 'sum') as [tf.Tensor3D];
  const [counts, means, variances] = tf.unstack(table, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const rowsOfAll = tf.sum<tf.Tensor1D>(counts, 0);
  const mean = tf.div<tf.Tensor1D>(tf.sum(tf.mul(counts, means), 0), rowsOfAll);
  const spread = tf.add(variances, tf.square(tf.sub(means, mean)));
  const variance = tf.div<tf.Tensor1D>(tf.sum(tf.mul(counts, spread), 0), rowsOfAll);
  return { mean, variance, rows: rowsOfAll };
}
