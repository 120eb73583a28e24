import * as tf from '@tensorflow/tfjs-core';
import { ownKernel, registerComposedKernel } from '../composed-kernel.ts';
import { allocate, copyRun, memoryWords, wordOffset } from '../memory.ts';

interface Attrs {
  readonly begin: number | number[];
  readonly size: number | number[];
}

/**
 * The package's slice first copies the whole tensor out of the wasm memory, then a row at a time back into it. Here only
 * what is wanted is copied, in runs as long as they come: axes that are taken whole belong to the run of the axis before.
 */
export function registerSlice(): void {
  const own = ownKernel<Attrs>('Slice');
  registerComposedKernel<Attrs>('Slice', ({ x }, attrs) => {
    if (x!.dtype !== 'float32' && x!.dtype !== 'int32') return own({ x: x! }, attrs);
    const [begin, size] = tf.slice_util.parseSliceParams(x!, attrs.begin, attrs.size) as [number[], number[]];
    tf.slice_util.assertParamsValid(x!, begin, size);
    const slice = allocate(size, x!.dtype);
    if (slice.size > 0) copyBox(x!, slice, begin);
    return slice;
  });
}

function copyBox(x: tf.Tensor, box: tf.Tensor, begin: readonly number[]): void {
  const words = memoryWords();
  const strides = [...tf.util.computeStrides(x.shape), 1];
  let runAxis = x.rank - 1;
  while (runAxis > 0 && box.shape[runAxis] === x.shape[runAxis]) runAxis--;
  const run = (box.shape[runAxis] ?? 1) * (strides[runAxis] ?? 1);
  let to = wordOffset(box);
  copyAxis(0, wordOffset(x));

  function copyAxis(axis: number, from: number): void {
    const start = from + (begin[axis] ?? 0) * (strides[axis] ?? 0);
    if (axis >= runAxis) {
      copyRun(words, start, to, run);
      to += run;
      return;
    }
    for (let index = 0; index < box.shape[axis]!; index++) copyAxis(axis + 1, start + index * strides[axis]!);
  }
}
