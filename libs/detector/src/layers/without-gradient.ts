import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs `compute` on a constant: nothing in it is recorded or kept for the backward pass. For frozen layers, running
 * statistics and detached targets.
 */
export function withoutGradient<In extends tf.Tensor, Out extends tf.Tensor>(
  input: In,
  compute: (input: In) => Out,
): Out {
  return tf.customGrad((x) => ({
    value: compute(x as In),
    gradFunc: () => tf.zerosLike(x as In),
  }))(input);
}
