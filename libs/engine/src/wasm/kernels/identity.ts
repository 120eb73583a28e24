import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** The package copies the elements of every clone, which the gradient tape takes of all it keeps: here they are shared. */
export function registerIdentity(): void {
  const own = tf.getKernel('Identity', 'wasm');
  tf.unregisterKernel('Identity', 'wasm');
  tf.registerKernel({
    ...own,
    kernelFunc: (parameters) => {
      const x = parameters.inputs['x'] as tf.TensorInfo;
      if (x.dtype === 'string') return own.kernelFunc(parameters);
      (parameters.backend as BackendWasm).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
}
