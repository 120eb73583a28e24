import * as tf from '@tensorflow/tfjs-core';
import { gradientsOf } from '../training/variable-gradients.ts';

/**
 * Activation recomputation (Chen et al. 2016, https://arxiv.org/abs/1604.06174): keeps `compute`'s input alone and runs it again
 * in the backward pass, for memory in exchange for one more forward pass. `compute` must be a pure function of its input
 * and of `variables`.
 */
export function recompute(
  input: tf.Tensor4D,
  variables: readonly tf.Variable[],
  compute: (input: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const run = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const x = args[0] as tf.Tensor4D;
    save([x]);
    return {
      value: compute(x),
      gradFunc: (dy, saved) => {
        const kept = saved[0] as tf.Tensor4D;
        const inputs = [kept, ...variables];
        const gradients = gradientsOf(() => compute(kept), inputs, { dy });
        return inputs.map((input, index) => gradients[index] ?? tf.zerosLike(input));
      },
    };
  });
  return run(input, ...variables) as tf.Tensor4D;
}
