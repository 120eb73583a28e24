import * as tf from '@tensorflow/tfjs-core';
import { hasFusedKernel, runFusedKernel } from './fused-kernel.ts';

/**
 * Replaces tfjs-core's gradient of relu, dy · step(x): one pass where the backend has a kernel for it, and it keeps relu's
 * output, which the next layer keeps anyway, instead of its input.
 */
export function registerReluGradient(): void {
  tf.registerGradient({
    kernelName: 'Relu',
    outputsToSave: [true],
    gradFunc: (dy, saved) => {
      const [y] = saved as [tf.Tensor];
      const gradient = dy as tf.Tensor;
      return {
        x: () =>
          hasFusedKernel('CasslReluGrad')
            ? runFusedKernel('CasslReluGrad', { dy: gradient, y })[0]!
            : tf.mul(gradient, tf.step(y)),
      };
    },
  });
}
