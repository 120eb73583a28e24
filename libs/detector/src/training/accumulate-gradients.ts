import { invalidArgument } from '@cassl/errors';
import * as tf from '@tensorflow/tfjs-core';

export interface GradientAccumulator {
  /** Adds the gradients of one part of a batch; the caller keeps and disposes them. */
  add(gradients: tf.NamedTensorMap): void;
  /** Mean over the parts added since the last call, and a new start; the caller disposes it. */
  take(): tf.NamedTensorMap;
}

/**
 * Large batches in small memory: the mean gradient of several parts. Each part divides its losses by its own positives, so the
 * result is that of data-parallel workers that do not exchange N_pos.
 */
export function createGradientAccumulator(): GradientAccumulator {
  let sums: tf.NamedTensorMap = {};
  let parts = 0;
  return {
    add: (gradients) => {
      for (const [name, gradient] of Object.entries(gradients)) {
        const sum = sums[name];
        sums[name] = sum === undefined ? tf.keep(tf.clone(gradient)) : tf.keep(tf.add(sum, gradient));
        sum?.dispose();
      }
      parts += 1;
    },
    take: () => {
      if (parts === 0) throw invalidArgument('take: no gradients were added since the last call');
      const taken = sums;
      const mean = tf.tidy(() =>
        Object.fromEntries(Object.entries(taken).map(([name, sum]) => [name, tf.div(sum, parts)])),
      );
      tf.dispose(taken);
      sums = {};
      parts = 0;
      return mean;
    },
  };
}
