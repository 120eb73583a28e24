import * as tf from '@tensorflow/tfjs-core';
import { createStack } from './stack.ts';

/** Does one measured thing, to its very end: results are read back. */
export type Job = () => void;

export const stackShape: [number, number, number, number] = [4, 320, 320, 3];

export function stackJobs(): Record<'stackForward' | 'stackTrain', Job> {
  const stack = createStack();
  const images = tf.randomNormal<tf.Rank.R4>(stackShape);
  return {
    stackForward: () => tf.tidy(() => void stack.forward(images).dataSync()),
    stackTrain: () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => stack.forward(images), stack.variables);
        value.dataSync();
        // The last gradient of the backward pass: nothing is left running behind it.
        grads[stack.variables[0]!.name]!.dataSync();
      }),
  };
}

/** Microseconds per call of ops so small that only the way there counts. */
export function tinyOps(): Record<'add' | 'relu' | 'matMul', number> {
  const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const time = (op: () => tf.Tensor) => {
    const calls = 20_000;
    const run = () => {
      const start = performance.now();
      for (let call = 0; call < calls; call++) op().dispose();
      return ((performance.now() - start) * 1000) / calls;
    };
    run();
    return Math.min(run(), run(), run());
  };
  return { add: time(() => tf.add(a, a)), relu: time(() => tf.relu(a)), matMul: time(() => tf.matMul(a, a)) };
}
