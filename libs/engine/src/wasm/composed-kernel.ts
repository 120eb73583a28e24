import * as tf from '@tensorflow/tfjs-core';

type Composition<Attrs> = (inputs: tf.NamedTensorMap, attrs: Attrs) => tf.Tensor | tf.Tensor[];

/** Registers a kernel of the wasm backend that is written in tfjs ops, in place of its own where it has one. */
export function registerComposedKernel<Attrs>(kernelName: string, compose: Composition<Attrs>): void {
  const own = tf.getKernel(kernelName, 'wasm') as tf.KernelConfig | undefined;
  if (own !== undefined) tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...own,
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => compose(inputs as tf.NamedTensorMap, attrs as unknown as Attrs)),
  });
}

/** The backend's own kernel, for a composition that falls through to it. Ask before replacing it. */
export function ownKernel<Attrs extends object>(
  kernelName: string,
): (inputs: tf.NamedTensorMap, attrs: Attrs) => tf.Tensor {
  const { kernelFunc } = tf.getKernel(kernelName, 'wasm');
  return (inputs, attrs) => {
    const backend: unknown = tf.backend();
    const info = kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend: backend as object });
    return tf.engine().makeTensorFromTensorInfo(info as tf.TensorInfo);
  };
}
