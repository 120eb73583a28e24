/** Every op of `src/ops` with inputs of its own, its plain definition and its definition in doubles: for the tests of all engines. */
import * as tf from '@tensorflow/tfjs-core';
import { attention, plainAttention } from '../ops/attention.ts';
import { conv2d } from '../ops/conv2d.ts';
import type { Conv2dOptions } from '../ops/conv2d-options.ts';
import { gelu, plainGelu } from '../ops/gelu.ts';
import { groupNorm, plainGroupNorm } from '../ops/group-norm.ts';
import { layerNorm, plainLayerNorm } from '../ops/layer-norm.ts';
import { plainConv2d } from '../ops/plain-conv2d.ts';
import { plainSigmoidFocalLoss, sigmoidFocalLoss } from '../ops/sigmoid-focal-loss.ts';
import * as float64 from './float64-ops.ts';
import { build } from './float64.ts';
import type { GradientCase } from './gradient-case.ts';

export interface OpCase extends GradientCase {
  readonly plain: (...inputs: tf.Tensor[]) => tf.Tensor;
}

function convolution(
  name: string,
  [x, filter]: readonly [number[], number[]],
  options: Omit<Conv2dOptions, 'bias'>,
): OpCase {
  const compiled = {
    stride: 1,
    padding: 0,
    dilation: 1,
    groups: 1,
    activation: 'linear',
    ...options,
  } as const;
  const split = ([x, filter, bias]: tf.Tensor[]) => ({
    x: x as tf.Tensor4D,
    filter: filter as tf.Tensor4D,
    bias: bias as tf.Tensor1D,
  });
  return {
    name,
    shapes: [x, filter, [filter[3]!]],
    op: (...inputs) => {
      const { x, filter, bias } = split(inputs);
      return conv2d(x, filter, { ...options, bias });
    },
    plain: (...inputs) => {
      const { x, filter, bias } = split(inputs);
      return plainConv2d(x, filter, { ...compiled, bias });
    },
    float64: (x, filter, bias) => float64.conv2d(x, filter, bias, compiled),
  };
}

export const opCases: readonly OpCase[] = [
  convolution(
    'conv2d 3×3',
    [
      [2, 7, 6, 4],
      [3, 3, 4, 5],
    ],
    { padding: 1, activation: 'relu' },
  ),
  convolution(
    'conv2d 1×1',
    [
      [2, 5, 6, 4],
      [1, 1, 4, 3],
    ],
    {},
  ),
  convolution(
    'conv2d of stride 2, odd size',
    [
      [1, 9, 8, 3],
      [3, 3, 3, 4],
    ],
    { stride: 2, padding: 1 },
  ),
  convolution(
    'conv2d 7×7 of stride 2',
    [
      [1, 9, 8, 2],
      [7, 7, 2, 3],
    ],
    { stride: 2, padding: 3, activation: 'relu' },
  ),
  convolution(
    'conv2d 1×1 of stride 2',
    [
      [2, 6, 7, 3],
      [1, 1, 3, 4],
    ],
    { stride: 2 },
  ),
  convolution(
    'conv2d dilated by 2',
    [
      [1, 9, 8, 2],
      [3, 3, 2, 3],
    ],
    { padding: 2, dilation: 2 },
  ),
  convolution(
    'conv2d in 2 groups',
    [
      [1, 6, 6, 4],
      [3, 3, 2, 6],
    ],
    { padding: 1, groups: 2 },
  ),
  {
    name: 'groupNorm',
    shapes: [[2, 3, 4, 6], [6], [6]],
    op: (x, gamma, beta) => groupNorm(x as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D, 3),
    plain: (x, gamma, beta) =>
      plainGroupNorm(x as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D, 3, 1e-5),
    float64: (x, gamma, beta) => float64.groupNorm(x, gamma, beta, 3),
  },
  {
    name: 'layerNorm',
    shapes: [[2, 5, 8], [8], [8]],
    op: (x, gamma, beta) => layerNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D),
    plain: (x, gamma, beta) => plainLayerNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, 1e-5),
    float64: float64.layerNorm,
  },
  {
    name: 'attention with a broadcast bias',
    shapes: [
      [2, 3, 5, 4],
      [2, 3, 5, 4],
      [2, 3, 5, 4],
      [1, 3, 5, 5],
    ],
    op: (q, k, v, bias) =>
      attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.5, bias }),
    plain: (q, k, v, bias) =>
      plainAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.5, bias }),
    float64: (q, k, v, bias) => float64.attention(q, k, v, 0.5, bias),
  },
  {
    name: 'attention without bias',
    shapes: [
      [1, 2, 4, 4],
      [1, 2, 6, 4],
      [1, 2, 6, 4],
    ],
    op: (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.5 }),
    plain: (q, k, v) => plainAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.5 }),
    float64: (q, k, v) => float64.attention(q, k, v, 0.5),
  },
  {
    name: 'sigmoidFocalLoss',
    shapes: [[6, 5]],
    op: (logits) => sigmoidFocalLoss(logits, halfOnes(logits)),
    plain: (logits) => plainSigmoidFocalLoss(logits, halfOnes(logits), 0.25, 2),
    float64: (logits) => build([6, 5], (i, j) => float64.focalLoss(logits.at(i, j), (i * 5 + j) % 2)),
  },
  {
    name: 'gelu',
    shapes: [[6, 5]],
    op: (x) => gelu(x),
    plain: (x) => plainGelu(x),
    float64: (x) => build([6, 5], (i, j) => float64.gelu(x.at(i, j))),
  },
];

/** Every other element 1. */
function halfOnes(like: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.mod(tf.range(0, like.size, 1), 2), like.shape);
}
