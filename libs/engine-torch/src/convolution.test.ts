import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerTorchBackend } from './register-torch-backend.ts';
import { torchIsBuilt } from './testing.ts';

interface Case {
  readonly map: readonly [batch: number, height: number, width: number, channels: number];
  readonly filter: readonly [height: number, width: number, outputs: number];
  readonly stride?: number;
  readonly dilation?: number;
  readonly pad: number | 'same' | 'valid';
}

// Small and pointwise ones are matrix products, the others ATen's convolutions (native/convolution-as-product.h).
const cases: readonly Case[] = [
  { map: [1, 5, 5, 6], filter: [3, 3, 7], pad: 1 },
  { map: [2, 5, 7, 3], filter: [3, 3, 4], stride: 2, pad: 'same' },
  { map: [1, 6, 7, 3], filter: [3, 3, 4], stride: 2, pad: 'same' },
  { map: [1, 9, 8, 3], filter: [3, 2, 4], dilation: 2, pad: 'valid' },
  { map: [1, 4, 4, 3], filter: [3, 3, 2], pad: 4 },
  { map: [3, 4, 5, 6], filter: [1, 1, 5], pad: 0 },
  { map: [2, 24, 20, 6], filter: [1, 1, 5], pad: 'same' },
  { map: [2, 24, 20, 6], filter: [1, 1, 5], stride: 2, pad: 'valid' },
  // On this one oneDNN's filter gradient damages the heap (native/convolution-as-product.h).
  { map: [4, 48, 48, 4], filter: [1, 1, 8], stride: 2, pad: 'same' },
  { map: [2, 24, 20, 6], filter: [3, 3, 5], pad: 1 },
  { map: [2, 24, 21, 6], filter: [3, 3, 5], stride: 2, pad: 'same' },
];

describe.skipIf(!torchIsBuilt)("torch's convolutions (need the built addon)", () => {
  beforeAll(() => {
    registerTorchBackend({ device: 'cpu', threads: 1 });
  });

  it.each(cases)('equal the cpu backend: $map by $filter, stride $stride, pad $pad', async (given) => {
    const expected = await onBackend('cpu', given);
    const got = await onBackend('torch', given);
    got.forEach((values, output) => {
      expect(values.length).toBe(expected[output]!.length);
      values.forEach((value, index) => {
        expect(Math.abs(value - expected[output]![index]!)).toBeLessThan(1e-4);
      });
    });
  });
});

/** Convolution and the gradients of its input and filter. */
async function onBackend(backend: string, { map, filter, stride = 1, dilation = 1, pad }: Case) {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const x = tf.randomNormal<tf.Rank.R4>([...map], 0, 1, 'float32', 1);
    const w = tf.randomNormal<tf.Rank.R4>([filter[0], filter[1], map[3], filter[2]], 0, 1, 'float32', 2);
    const y = tf.conv2d(x, w, stride, pad, 'NHWC', dilation);
    // tfjs defines the gradients of undilated convolutions only.
    if (dilation > 1) return [y.dataSync()];
    const dy = tf.randomNormal<tf.Rank.R4>(y.shape, 0, 1, 'float32', 3);
    const geometry = { strides: [stride, stride], pad, dataFormat: 'NHWC' };
    const gradient = (kernel: string, inputs: tf.NamedTensorMap, shape: object): tf.Tensor =>
      tf.engine().runKernel(kernel, inputs, { ...geometry, ...shape });
    const dx = gradient('Conv2DBackpropInput', { dy, filter: w }, { inputShape: x.shape });
    const dw = gradient('Conv2DBackpropFilter', { x, dy }, { filterShape: w.shape });
    return [y, dx, dw].map((tensor) => tensor.dataSync());
  });
}
