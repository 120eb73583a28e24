import type * as tf from '@tensorflow/tfjs-core';
import { allocate, copyRun, memoryWords, wordOffset } from '../memory.ts';

/**
 * One image out of those that hold its rows a, a + s, … and columns b, b + s, …, in the order of (a, b).
 *
 * @param phases [N, ceil((H - a) / s), ceil((W - b) / s), C] each; undefined: zeros
 * @param shape [N, H, W, C]
 */
export function interleavePhases(
  phases: readonly (tf.Tensor4D | undefined)[],
  shape: readonly [number, number, number, number],
  stride: readonly [number, number],
): tf.Tensor4D {
  const [batch, height, width, channels] = shape;
  const image = allocate<tf.Tensor4D>(shape);
  const words = memoryWords();
  const start = wordOffset(image);
  if (phases.includes(undefined)) words.fill(0, start, start + image.size);
  for (const [index, phase] of phases.entries()) {
    if (phase === undefined) continue;
    const a = Math.floor(index / stride[1]);
    const b = index % stride[1];
    let from = wordOffset(phase);
    for (let n = 0; n < batch; n++) {
      for (let row = a; row < height; row += stride[0]) {
        const line = start + (n * height + row) * width * channels;
        for (let column = b; column < width; column += stride[1], from += channels) {
          copyRun(words, from, line + column * channels, channels);
        }
      }
    }
  }
  return image;
}
