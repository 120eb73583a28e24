import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../composed-kernel.ts';
import { allocate, memoryFloats, wordOffset } from '../memory.ts';

interface Attrs {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Geometry = tf.backend_util.Conv2DInfo;

/** The package looks for each input pixel through the windows that see it: here each window is looked through once. */
export function registerMaxPoolGradient(): void {
  registerComposedKernel<Attrs>('MaxPoolGrad', ({ dy, input }, attrs) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const shape = input!.shape as [number, number, number, number];
    const geometry = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const dx = allocate(shape);
    const values = memoryFloats();
    const places = { x: wordOffset(input!), dy: wordOffset(dy!), dx: wordOffset(dx) };
    values.fill(0, places.dx, places.dx + dx.size);
    for (let image = 0; image < geometry.batchSize; image++) spreadImage(values, places, image, geometry);
    return dx;
  });
}

interface Places {
  readonly x: number;
  readonly dy: number;
  readonly dx: number;
}

function spreadImage(values: Float32Array, { x, dy, dx }: Places, image: number, geometry: Geometry): void {
  const { inHeight, inWidth, outHeight, outWidth, inChannels: channels, padInfo } = geometry;
  const { strideHeight, strideWidth, filterHeight, filterWidth } = geometry;
  const imageStart = image * inHeight * inWidth * channels;
  let from = dy + image * outHeight * outWidth * channels;
  for (let row = 0; row < outHeight; row++) {
    const top = row * strideHeight - padInfo.top;
    const bottom = Math.min(inHeight, top + filterHeight);
    for (let column = 0; column < outWidth; column++) {
      const left = column * strideWidth - padInfo.left;
      const right = Math.min(inWidth, left + filterWidth);
      for (let channel = 0; channel < channels; channel++, from++) {
        // The first of equal values, as in tfjs's reference.
        let best = -Infinity;
        let winner = -1;
        for (let y = Math.max(0, top); y < bottom; y++) {
          let place = imageStart + (y * inWidth + Math.max(0, left)) * channels + channel;
          for (let column = Math.max(0, left); column < right; column++, place += channels) {
            const value = values[x + place]!;
            if (value > best) {
              best = value;
              winner = place;
            }
          }
        }
        if (winner >= 0) values[dx + winner] = values[dx + winner]! + values[from]!;
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The package's kernel gives no gradient to a window without a positive value: it starts its search for the largest at the
 * smallest positive float. This one reads the heap directly and takes a third of that kernel's time.
 */
export function registerMaxPoolGradient(): void {
  tf.unregisterKernel('MaxPoolGrad', 'wasm');
  tf.registerKernel({
    kernelName: 'MaxPoolGrad',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { dy, input } = inputs as unknown as Record<'dy' | 'input', tf.TensorInfo>;
      const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPoolAttrs;
      const shape = input.shape as [number, number, number, number];
      const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
      const wasm = backend as BackendWasm;
      // The heap may move while the output is made: views come after it.
      const dx = wasm.makeOutput(shape, 'float32');
      const view = (tensor: tf.TensorInfo) => wasm.typedArrayFromHeap(tensor) as Float32Array;
      addToLargest(view(input), view(dy), view(dx).fill(0), info);
      return dx;
    },
  });
}

/** Adds each element of dy [N, Ho, Wo, C] to dx [N, H, W, C] where its window of x [N, H, W, C] is largest. */
function addToLargest(
  x: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
  info: tf.backend_util.Conv2DInfo,
): void {
  const { batchSize, inHeight, inWidth, inChannels: channels, outHeight, outWidth, padInfo } = info;
  let output = 0;
  for (let n = 0; n < batchSize; n++) {
    for (let i = 0; i < outHeight; i++) {
      const top = i * info.strideHeight - padInfo.top;
      const bottom = Math.min(top + info.filterHeight, inHeight);
      for (let j = 0; j < outWidth; j++) {
        const left = j * info.strideWidth - padInfo.left;
        const right = Math.min(left + info.filterWidth, inWidth);
        for (let c = 0; c < channels; c++) {
          let largest = -Infinity;
          let at = -1;
          for (let row = Math.max(top, 0); row < bottom; row++) {
            for (let column = Math.max(left, 0); column < right; column++) {
              const index = ((n * inHeight + row) * inWidth + column) * channels + c;
              const value = x[index]!;
              if (value > largest) {
                largest = value;
                at = index;
              }
            }
          }
          if (at >= 0) dx[at]! += dy[output]!;
          output++;
        }
      }
    }
  }
}
