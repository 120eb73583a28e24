import { createGradientBuckets } from '@cassl/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { TrainingGroup } from './training-group.ts';

type Gradients = (tf.Tensor | undefined)[];

/** Adds up one step's gradients and losses over all processes; alone, it leaves them as they are. */
export interface GroupSum {
  /** Lets a gradient go on its way; all processes do so in the same order, since they run the same graph. */
  readonly onFinal: (index: number, gradient: tf.Tensor) => void;
  /** The sums. A gradient that no process has stays undefined. */
  readonly finish: (
    own: Gradients,
    losses: tf.Tensor1D,
  ) => { readonly gradients: Gradients; readonly losses: tf.Tensor1D };
}

export function sumOverGroup(group: TrainingGroup | undefined): GroupSum {
  if (group === undefined || group.size === 1) {
    return { onFinal: () => undefined, finish: (gradients, losses) => ({ gradients, losses }) };
  }
  const buckets = createGradientBuckets(group);
  const sent: number[] = [];
  return {
    onFinal(index, gradient) {
      sent.push(index);
      buckets.add(gradient);
    },
    finish(own, losses) {
      buckets.add(losses);
      const sums = buckets.finish();
      const gradients = [...own];
      sent.forEach((index, at) => (gradients[index] = sums[at]));
      return { gradients, losses: sums.at(-1) as tf.Tensor1D };
    },
  };
}
