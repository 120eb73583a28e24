import { invalidArgument } from '@cassl/errors';
import * as tf from '@tensorflow/tfjs-core';

export interface WeightAverage {
  /** After every step of the optimiser. */
  update(): void;
  /** Runs `body` with the average in the model's variables, then puts the trained weights back. */
  swapIn<T>(body: () => Promise<T>): Promise<T>;
  dispose(): void;
}

/**
 * Exponential moving average of a model's weights and running statistics, with the mean teacher's start (method 1.9): at
 * step t the average keeps min(momentum, 1 − 1 / (t + 1)) of itself.
 */
export function createWeightAverage(
  parameters: ReadonlyMap<string, tf.Variable>,
  { momentum = 0.999 }: { readonly momentum?: number } = {},
): WeightAverage {
  if (!(momentum >= 0 && momentum < 1)) {
    throw invalidArgument(`createWeightAverage: momentum must be in [0, 1), got ${momentum}`);
  }
  const averages = new Map([...parameters].map(([name, variable]) => [name, tf.variable(variable, false)]));
  let steps = 0;
  return {
    update: () => {
      const keep = Math.min(momentum, 1 - 1 / (steps + 1));
      steps += 1;
      tf.tidy(() => {
        for (const [name, average] of averages) {
          average.assign(tf.add(tf.mul(average, keep), tf.mul(parameters.get(name)!, 1 - keep)));
        }
      });
    },
    swapIn: async (body) => {
      const trained = new Map([...parameters].map(([name, variable]) => [name, tf.clone(variable)]));
      for (const [name, variable] of parameters) variable.assign(averages.get(name)!);
      try {
        return await body();
      } finally {
        for (const [name, variable] of parameters) variable.assign(trained.get(name)!);
        tf.dispose([...trained.values()]);
      }
    },
    dispose: () => {
      tf.dispose([...averages.values()]);
    },
  };
}
