import * as tf from '@tensorflow/tfjs-core';
import { groupNorm } from '@cassl/engine';
import type { ParameterStore } from '../parameters.ts';
import { synchronizedNorm, type ChannelStatistics } from './synchronized-norm.ts';
import { ones, zeros } from './initialisers.ts';
import { withoutGradient } from './without-gradient.ts';

const EPSILON = 1e-5;
/** Share of the new batch in the running statistics (PyTorch's `momentum`). */
const MOMENTUM = 0.1;

export interface BatchNorm {
  readonly frozen: boolean;
  /** Every tensor that the folded form depends on. */
  readonly variables: readonly tf.Variable[];
  /** y = x · scale + shift with the running statistics (method 3.1, 3.4). */
  fold(): { scale: tf.Tensor1D; shift: tf.Tensor1D };
  /** Batch statistics, and a step of the running ones. */
  readonly train: (x: tf.Tensor4D) => tf.Tensor4D;
}

/** Batch normalisation; frozen means that even its affine part is a constant. */
export function createBatchNorm(
  store: ParameterStore,
  name: string,
  channels: number,
  frozen: boolean,
): BatchNorm {
  const vector = (suffix: string, init: typeof ones, learned: boolean): tf.Variable<tf.Rank.R1> =>
    store.add(`${name}.${suffix}`, {
      shape: [channels],
      layout: 'same',
      init,
      trainable: learned && !frozen,
      counted: learned && !frozen,
    }) as tf.Variable<tf.Rank.R1>;
  const weight = vector('weight', ones, true);
  const bias = vector('bias', zeros, true);
  const mean = vector('running_mean', zeros, false);
  const variance = vector('running_var', ones, false);
  const { group } = store;
  return {
    frozen,
    variables: [weight, bias, mean, variance],
    fold: () => {
      const scale = tf.mul<tf.Tensor1D>(weight, tf.rsqrt(tf.add(variance, EPSILON)));
      return { scale, shift: tf.sub(bias, tf.mul(mean, scale)) };
    },
    train: (x) => {
      const rows = x.size / channels;
      if (group !== undefined && group.size > 1) {
        const onStatistics = (batch: ChannelStatistics): void => {
          moveRunning(mean, batch.mean);
          const unbiased = tf.div(batch.rows, tf.maximum(1, tf.sub(batch.rows, 1)));
          moveRunning(variance, tf.mul(batch.variance, unbiased));
        };
        const options = { weight, bias, epsilon: EPSILON, group, onStatistics };
        return tf.reshape(synchronizedNorm(tf.reshape(x, [rows, channels]), options), x.shape);
      }
      updateRunning(x, mean, variance, rows);
      // Statistics over (batch, row, column) per channel are a group norm of one image with one group per channel.
      const flat = tf.reshape<tf.Rank.R4>(x, [1, rows, 1, channels]);
      return tf.reshape(groupNorm(flat, weight, bias, channels, EPSILON), x.shape);
    },
  };
}

function updateRunning(x: tf.Tensor4D, mean: tf.Variable, variance: tf.Variable, rows: number): void {
  // The statistics are no part of the loss.
  withoutGradient(x, (input) => {
    const batch = tf.moments(input, [0, 1, 2]);
    moveRunning(mean, batch.mean);
    moveRunning(variance, tf.mul(batch.variance, rows / Math.max(1, rows - 1)));
    return tf.scalar(0);
  });
}

function moveRunning(running: tf.Variable, batch: tf.Tensor): void {
  running.assign(tf.add(tf.mul(running, 1 - MOMENTUM), tf.mul(batch, MOMENTUM)));
}
