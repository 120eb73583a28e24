import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../composed-kernel.ts';

interface SplitAttrs {
  readonly numOrSizeSplits: number | number[];
  readonly axis: number;
}

/** The package's SplitV and Unpack call its own slice: see `slice.ts`. */
export function registerSplit(): void {
  registerComposedKernel<SplitAttrs>('SplitV', ({ x }, { numOrSizeSplits, axis }) => {
    const along = tf.util.parseAxisParam(axis, x!.shape)[0]!;
    return cut(x!, along, tf.backend_util.prepareSplitSize(x!, numOrSizeSplits, along));
  });

  registerComposedKernel<{ readonly axis: number }>('Unpack', ({ value }, { axis }) => {
    const along = axis < 0 ? axis + value!.rank : axis;
    const shape = value!.shape.filter((_, index) => index !== along);
    const ones = Array.from({ length: value!.shape[along]! }, () => 1);
    return cut(value!, along, ones).map((part) => tf.reshape(part, shape));
  });
}

function cut(x: tf.Tensor, axis: number, sizes: readonly number[]): tf.Tensor[] {
  const begin = x.shape.map(() => 0);
  return sizes.map((size) => {
    const part = tf.slice(
      x,
      begin,
      x.shape.map((whole, index) => (index === axis ? size : whole)),
    );
    begin[axis]! += size;
    return part;
  });
}
