import * as tf from '@tensorflow/tfjs-core';

/** What a mean teacher keeps of itself after step `step`, from 0: min(momentum, 1 − 1 / (step + 1)), so it starts as the weights (method 1.9). */
export function teacherMomentum(step: number, momentum = 0.999): number {
  return Math.min(momentum, 1 - 1 / (step + 1));
}

/** average ← keep · average + (1 − keep) · weight, for weights and running statistics alike; equal ones stay equal bit by bit. */
export function averageInto(
  averages: ReadonlyMap<string, tf.Variable>,
  weights: ReadonlyMap<string, tf.Variable>,
  keep: number,
): void {
  tf.tidy(() => {
    for (const [name, average] of averages) {
      const weight = weights.get(name);
      if (weight === undefined) throw new TypeError(`no weight ${name} to average`);
      average.assign(
        keep === 0 ? tf.clone(weight) : tf.add(average, tf.mul(tf.sub(weight, average), 1 - keep)),
      );
    }
  });
}
