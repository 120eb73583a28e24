import * as tf from '@tensorflow/tfjs-core';
import type { FusedKernelName } from '@cassl/engine-torch';

/** True where the current backend has its own kernel of this name; elsewhere the op's plain definition runs. */
export function hasFusedKernel(name: FusedKernelName): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a fused kernel; inputs that are undefined are left out. A kernel with one output gives an array of one. */
export function runFusedKernel(
  name: FusedKernelName,
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs: object = {},
): tf.Tensor[] {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined));
  const outputs: tf.Tensor | tf.Tensor[] = tf
    .engine()
    .runKernel(name, given as tf.NamedTensorMap, attrs as tf.NamedAttrMap);
  return Array.isArray(outputs) ? outputs : [outputs];
}
