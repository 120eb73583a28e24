import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs a map through `layers`. What a layer leaves behind goes when it is done, and what it read goes when its output is there,
 * so that two maps at a time are alive. What a backward pass needs, tfjs's tape holds by itself.
 */
export function inSequence(
  input: tf.Tensor4D,
  layers: readonly ((x: tf.Tensor4D) => tf.Tensor4D)[],
): tf.Tensor4D {
  let x = input;
  for (const layer of layers) {
    const y = tf.tidy(() => layer(x));
    if (x !== input && x !== y) x.dispose();
    x = y;
  }
  return x;
}
