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

/**
 * The package looks for each input pixel through the windows that see it, and gives no gradient to a window without a positive
 * value (it starts at the smallest positive float): here each window is looked through once, from -Infinity.
 */
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
      }
    }
  }
}
