import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

interface FilterGradientAttrs {
  readonly strides: [number, number];
  readonly pad: 'same' | 'valid';
  readonly filterShape: [number, number, number, number];
}

/**
 * The wasm package as Node gets it, with the one kernel added without which it cannot train: the filter gradient as a
 * dilated convolution of the input with dy, batch and channels swapped.
 */
export async function openStockWasm(): Promise<void> {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  setWasmPaths(`${folder}/`);
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => filterGradient(inputs as tf.NamedTensorMap, attrs as unknown as FilterGradientAttrs)),
  });
  await tf.setBackend('wasm');
}

function filterGradient(
  { x, dy }: tf.NamedTensorMap,
  { strides, pad, filterShape }: FilterGradientAttrs,
): tf.Tensor {
  const info = tf.backend_util.computeConv2DInfo(
    x!.shape as [number, number, number, number],
    filterShape,
    strides,
    1,
    pad,
  );
  const { top, bottom, left, right } = info.padInfo;
  const padded = tf.pad(x!, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const channelsAsBatch = tf.transpose(padded, [3, 1, 2, 0]) as tf.Tensor4D;
  const taps = tf.transpose(dy!, [1, 2, 0, 3]) as tf.Tensor4D;
  const result = tf.conv2d(channelsAsBatch, taps, 1, 'valid', 'NHWC', strides);
  return tf.slice(tf.transpose(result, [1, 2, 0, 3]), [0, 0, 0, 0], filterShape);
}
