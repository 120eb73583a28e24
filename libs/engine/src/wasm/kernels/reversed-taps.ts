import type * as tf from '@tensorflow/tfjs-core';
import { allocate, copyRun, memoryWords, wordOffset } from '../memory.ts';

/** Taps first, first + step, …, `taps` of them. */
export interface TapChoice {
  readonly first: number;
  readonly step: number;
  readonly taps: number;
}

/** The chosen rows and columns of a filter [kh, kw, A, B], last first. */
export function reversedTaps(filter: tf.Tensor4D, y: TapChoice, x: TapChoice): tf.Tensor4D {
  const [height, width, a, b] = filter.shape;
  if (height === 1 && width === 1) return filter;
  const chosen = allocate<tf.Tensor4D>([y.taps, x.taps, a, b]);
  const words = memoryWords();
  let to = wordOffset(chosen);
  for (let j = y.taps - 1; j >= 0; j--) {
    for (let i = x.taps - 1; i >= 0; i--) {
      const tap = (y.first + j * y.step) * width + x.first + i * x.step;
      copyRun(words, wordOffset(filter) + tap * a * b, to, a * b);
      to += a * b;
    }
  }
  return chosen;
}
