/** Every op with inputs of its own, its plain definition and its float64 reference: for the tests of all engines. */
import * as tf from '@tensorflow/tfjs-core';
import { attention, plainAttention } from '../ops/attention.ts';
import { conv2d, type Conv2dOptions } from '../ops/conv2d.ts';
import { gelu, plainGelu } from '../ops/gelu.ts';
import { groupNorm, plainGroupNorm } from '../ops/group-norm.ts';
import { layerNorm, plainLayerNorm } from '../ops/layer-norm.ts';
import { plainConv2d } from '../ops/plain-conv2d.ts';
import { plainSigmoidFocalLoss, sigmoidFocalLoss } from '../ops/sigmoid-focal-loss.ts';

export interface OpCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly fused: (...inputs: tf.Tensor[]) => tf.Tensor;
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
    fused: (...inputs) => {
      const { x, filter, bias } = split(inputs);
      return conv2d(x, filter, { ...options, bias });
    },
    plain: (...inputs) => {
      const { x, filter, bias } = split(inputs);
      return plainConv2d(x, filter, { ...compiled, bias });
    },
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
      [1, 12, 11, 3],
      [7, 7, 3, 4],
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
    fused: (x, gamma, beta) => groupNorm(x as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D, 3),
    plain: (x, gamma, beta) =>
      plainGroupNorm(x as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D, 3, 1e-5),
  },
  {
    name: 'layerNorm',
    shapes: [[2, 5, 8], [8], [8]],
    fused: (x, gamma, beta) => layerNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D),
    plain: (x, gamma, beta) => plainLayerNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, 1e-5),
  },
  {
    name: 'attention with a broadcast bias',
    shapes: [
      [2, 3, 5, 4],
      [2, 3, 5, 4],
      [2, 3, 5, 4],
      [1, 3, 5, 5],
    ],
    fused: (q, k, v, bias) =>
      attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.5, bias }),
    plain: (q, k, v, bias) =>
      plainAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.5, bias }),
  },
  {
    name: 'attention without bias',
    shapes: [
      [1, 2, 4, 4],
      [1, 2, 6, 4],
      [1, 2, 6, 4],
    ],
    fused: (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.5 }),
    plain: (q, k, v) => plainAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale: 0.5 }),
  },
  {
    name: 'sigmoidFocalLoss',
    shapes: [[6, 5]],
    fused: (logits) => sigmoidFocalLoss(logits, halfOnes(logits)),
    plain: (logits) => plainSigmoidFocalLoss(logits, halfOnes(logits), 0.25, 2),
  },
  { name: 'gelu', shapes: [[6, 5]], fused: (x) => gelu(x), plain: (x) => plainGelu(x) },
];

/** Every other element 1. */
function halfOnes(like: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.mod(tf.range(0, like.size, 1), 2), like.shape);
}
