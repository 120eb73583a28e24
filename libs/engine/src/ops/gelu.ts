import * as tf from '@tensorflow/tfjs-core';
import { hasFusedKernel, runFusedKernel } from './fused-kernel.ts';

/** x·Φ(x) with the exact normal distribution function, as in Swin (arXiv 1606.08415). */
export function gelu<T extends tf.Tensor>(x: T): T {
  return hasFusedKernel('CasslGelu') ? (runFusedKernel('CasslGelu', { x })[0] as T) : plainGelu(x);
}

export function plainGelu<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.mul<T>(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)));
}

tf.registerGradient({
  kernelName: 'CasslGelu',
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({ x: () => runFusedKernel('CasslGeluGrad', { dy: dy as tf.Tensor, x: x! })[0]! }),
});
