import * as tf from '@tensorflow/tfjs-core';

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
      gradFunc: (dy, saved) => gradientsInBackwardPass(saved[0] as tf.Tensor4D, variables, compute, dy),
    };
  });
  return run(input, ...variables) as tf.Tensor4D;
}

/** tfjs-core has one tape at a time; the outer one is put aside while this part is recorded again. */
function gradientsInBackwardPass(
  x: tf.Tensor4D,
  variables: readonly tf.Variable[],
  compute: (input: tf.Tensor4D) => tf.Tensor4D,
  dy: tf.Tensor,
): tf.Tensor[] {
  const { state } = tf.engine();
  const outer = state.activeTape;
  try {
    const { grads } = tf.engine().gradients(() => compute(x), [x, ...variables], dy, true);
    return grads.map(
      (gradient, index) => (gradient as tf.Tensor | null) ?? tf.zerosLike([x, ...variables][index]!),
    );
  } finally {
    state.activeTape = outer;
  }
}
