/** tfjs's own kernels that training a detector differentiates, each with its definition in doubles. */
import * as tf from '@tensorflow/tfjs-core';
import { build, erf, sigmoid, softmax, softplus, sum, type Array64 } from './float64.ts';
import type { GradientCase } from './gradient-case.ts';

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

function elementwise(
  name: string,
  op: (x: tf.Tensor) => tf.Tensor,
  f: (x: number) => number,
  domain = (x: number): number => x,
): GradientCase {
  return {
    name,
    shapes: [[3, 5]],
    op,
    float64: (x) => build(x.shape, (...index) => f(x.at(...index))),
    domain,
  };
}

function binary(
  name: string,
  op: Binary,
  f: (a: number, b: number) => number,
  { shapes = bothBroadcast, domain = (x: number) => x } = {},
): GradientCase {
  return {
    name,
    shapes,
    op,
    float64: (a, b) => build([2, 3, 4], (...index) => f(a.broadcastAt(...index), b.broadcastAt(...index))),
    domain,
  };
}

/** To [2, 3, 4], so that both gradients are summed over an axis. */
const bothBroadcast: readonly number[][] = [
  [2, 1, 4],
  [3, 1],
];
/** tfjs's gradients of maximum and minimum know no broadcasting. */
const alike: readonly number[][] = [
  [2, 3, 4],
  [2, 3, 4],
];
const awayFromZero = (x: number): number => x + Math.sign(x) / 2;
const positive = (x: number): number => Math.abs(x) + 0.5;

/** 3×3 windows of stride 2 over 7×7 pixels, which 'same' pads by one on each side. */
function pooled(pad: 'valid' | 'same'): GradientCase {
  const before = pad === 'same' ? 1 : 0;
  const size = pad === 'same' ? 4 : 3;
  const inside = (position: number) => position >= 0 && position < 7;
  return {
    name: `maxPool, ${pad}`,
    shapes: [[2, 7, 7, 3]],
    op: (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, pad),
    float64: (x) =>
      build([2, size, size, 3], (n, i, j, c) => {
        const rows = [0, 1, 2].map((tap) => 2 * i - before + tap).filter(inside);
        const columns = [0, 1, 2].map((tap) => 2 * j - before + tap).filter(inside);
        return Math.max(...rows.flatMap((y) => columns.map((left) => x.at(n, y, left, c))));
      }),
  };
}

/** [2, 3, 4] times [2, 4, 2], either given transposed. */
function product(transposeA: boolean, transposeB: boolean): GradientCase {
  return {
    name: `matMul${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`,
    shapes: [transposeA ? [2, 4, 3] : [2, 3, 4], transposeB ? [2, 2, 4] : [2, 4, 2]],
    op: (a, b) => tf.matMul(a, b, transposeA, transposeB),
    float64: (a, b) =>
      build([2, 3, 2], (n, i, j) =>
        sum(
          4,
          (k) => (transposeA ? a.at(n, k, i) : a.at(n, i, k)) * (transposeB ? b.at(n, j, k) : b.at(n, k, j)),
        ),
      ),
  };
}

/** An op that moves elements: where each element of its output comes from, or undefined for a zero. */
function moved(
  name: string,
  [from, to]: readonly [readonly number[], readonly number[]],
  op: (x: tf.Tensor) => tf.Tensor,
  source: (...index: number[]) => readonly number[] | undefined,
): GradientCase {
  const value = (x: Array64, at: readonly number[] | undefined) => (at === undefined ? 0 : x.at(...at));
  return { name, shapes: [from], op, float64: (x) => build(to, (...index) => value(x, source(...index))) };
}

const picked = [2, 0, 2, 1];

export const kernelCases: readonly GradientCase[] = [
  binary('add', tf.add, (a, b) => a + b),
  binary('sub', tf.sub, (a, b) => a - b),
  binary('mul', tf.mul, (a, b) => a * b),
  binary('div', tf.div, (a, b) => a / b, { domain: awayFromZero }),
  binary('maximum', tf.maximum, Math.max, { shapes: alike }),
  binary('minimum', tf.minimum, Math.min, { shapes: alike }),
  elementwise('square', tf.square, (x) => x * x),
  elementwise('relu', tf.relu, (x) => Math.max(x, 0)),
  elementwise('sigmoid', tf.sigmoid, sigmoid),
  elementwise('softplus', tf.softplus, softplus),
  elementwise('erf', tf.erf, erf),
  elementwise('rsqrt', tf.rsqrt, (x) => 1 / Math.sqrt(x), positive),
  {
    name: 'addN',
    shapes: [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    op: (...inputs: tf.Tensor[]) => tf.addN(inputs),
    float64: (a, b, c) => build([2, 3], (i, j) => a.at(i, j) + b.at(i, j) + c.at(i, j)),
  },
  {
    name: 'sum over two axes',
    shapes: [[2, 3, 4]],
    op: (x) => tf.sum(x, [0, 2]),
    float64: (x) => build([3], (j) => sum(2, (i) => sum(4, (k) => x.at(i, j, k)))),
  },
  {
    name: 'mean over the last axis',
    shapes: [[2, 3, 4]],
    op: (x) => tf.mean(x, -1, true),
    float64: (x) => build([2, 3, 1], (i, j) => sum(4, (k) => x.at(i, j, k)) / 4),
  },
  {
    name: 'prod over the last axis',
    shapes: [[4, 3]],
    op: (x) => tf.prod(x, 1),
    float64: (x) => build([4], (i) => x.at(i, 0) * x.at(i, 1) * x.at(i, 2)),
  },
  {
    name: 'softmax',
    shapes: [[3, 5]],
    op: (x) => tf.softmax(x),
    float64: (x) => build([3, 5], (i, j) => softmax(5, (k) => x.at(i, k), j)),
  },
  product(false, false),
  product(false, true),
  product(true, false),
  product(true, true),
  pooled('valid'),
  pooled('same'),
  {
    name: 'concat',
    shapes: [
      [2, 2, 3],
      [2, 1, 3],
    ],
    op: (a, b) => tf.concat([a, b], 1),
    float64: (a, b) => build([2, 3, 3], (i, j, k) => (j < 2 ? a.at(i, j, k) : b.at(i, 0, k))),
  },
  {
    name: 'split',
    shapes: [[2, 4]],
    op: (x: tf.Tensor): tf.Tensor => {
      const [left, right] = tf.split(x, [1, 3], 1) as [tf.Tensor, tf.Tensor];
      return tf.mul(right, left);
    },
    float64: (x) => build([2, 3], (i, j) => x.at(i, 0) * x.at(i, j + 1)),
  },
  moved(
    'gather with repeats',
    [
      [2, 3, 2],
      [2, 4, 2],
    ],
    (x) => tf.gather(x, tf.tensor1d(picked, 'int32'), 1),
    (i, j, k) => [i, picked[j]!, k],
  ),
  moved(
    'transpose',
    [
      [2, 3, 4],
      [4, 2, 3],
    ],
    (x) => tf.transpose(x, [2, 0, 1]),
    (i, j, k) => [j, k, i],
  ),
  moved(
    'reshape',
    [
      [2, 6],
      [4, 3],
    ],
    (x) => tf.reshape(x, [4, 3]),
    (i, j) => [Math.floor(i / 2), (i % 2) * 3 + j],
  ),
  moved(
    'expandDims',
    [
      [2, 3],
      [2, 1, 3],
    ],
    (x) => tf.expandDims(x, 1),
    (i, _, k) => [i, k],
  ),
  moved(
    'slice',
    [
      [4, 5],
      [2, 3],
    ],
    (x) => tf.slice(x, [1, 2], [2, 3]),
    (i, j) => [i + 1, j + 2],
  ),
  moved(
    'pad',
    [
      [2, 3],
      [4, 4],
    ],
    (x) =>
      tf.pad(x, [
        [1, 1],
        [0, 1],
      ]),
    (i, j) => (i >= 1 && i < 3 && j < 3 ? [i - 1, j] : undefined),
  ),
  moved(
    'tile',
    [
      [2, 3],
      [4, 9],
    ],
    (x) => tf.tile(x, [2, 3]),
    (i, j) => [i % 2, j % 3],
  ),
];
