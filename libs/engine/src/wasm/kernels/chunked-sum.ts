import * as tf from '@tensorflow/tfjs-core';
import { ownKernel, registerComposedKernel } from '../composed-kernel.ts';

interface Attrs {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

/** Sums shorter than this lose too little to matter. */
const shortSum = 2048;

/**
 * The package adds up one by one in float32: 1.8e-3 off at 3.3 million elements. A sum of about √n sums of √n elements
 * is not.
 */
export function registerChunkedSum(): void {
  const sum = ownKernel<Attrs>('Sum');
  const mean = ownKernel<Attrs>('Mean');

  registerComposedKernel<Attrs>('Sum', ({ x }, attrs) => {
    const reduced = reducedSize(x!, attrs.axis);
    if (x!.dtype !== 'float32' || reduced < shortSum) return sum({ x: x! }, attrs);
    return chunkedSum(x!, attrs, sum);
  });

  registerComposedKernel<Attrs>('Mean', ({ x }, attrs) => {
    const reduced = reducedSize(x!, attrs.axis);
    if (x!.dtype !== 'float32' || reduced < shortSum) return mean({ x: x! }, attrs);
    return tf.div(chunkedSum(x!, attrs, sum), reduced);
  });
}

function chunkedSum(
  x: tf.Tensor,
  { axis, keepDims }: Attrs,
  sum: ReturnType<typeof ownKernel<Attrs>>,
): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const kept = x.shape.map((_, index) => index).filter((index) => !axes.includes(index));
  const order = [...kept, ...axes];
  const inner = order.every((axisIndex, index) => axisIndex === index) ? x : tf.transpose(x, order);
  const outer = kept.reduce((size, index) => size * x.shape[index]!, 1);
  const reduced = x.size / outer;
  const width = Math.ceil(Math.sqrt(reduced));
  const whole = Math.floor(reduced / width) * width;
  const rows = tf.reshape(inner, [outer, reduced]);
  const lastAxis = (tensor: tf.Tensor) => sum({ x: tensor }, { axis: [tensor.rank - 1], keepDims: false });
  const body = whole === reduced ? rows : tf.slice(rows, [0, 0], [outer, whole]);
  let total = lastAxis(lastAxis(tf.reshape(body, [outer, whole / width, width])));
  if (whole < reduced) total = tf.add(total, lastAxis(tf.slice(rows, [0, whole], [outer, reduced - whole])));
  const shape = keepDims
    ? x.shape.map((size, index) => (axes.includes(index) ? 1 : size))
    : kept.map((i) => x.shape[i]!);
  return tf.reshape(total, shape);
}

function reducedSize(x: tf.Tensor, axis: number | number[]): number {
  return tf.util.parseAxisParam(axis, x.shape).reduce((size, index) => size * x.shape[index]!, 1);
}
