import * as tf from '@tensorflow/tfjs-core';
import { conv2d, layerNorm } from '@cassl/engine';
import { ones, pytorchDefault, truncatedNormal, zeros } from '../layers/initialisers.ts';
import type { ParameterStore } from '../parameters.ts';

/** Side of a patch: the stride of the first stage. */
const PATCH = 4;
/** Swin's deviation for linear layers and bias tables. */
export const SWIN_INIT = truncatedNormal(0.02);

export interface StagePlace {
  readonly channels: number;
  /** Stride of the stage's map in the image. */
  readonly stride: number;
  readonly trainable: boolean;
}

/** Over the channels of each token. */
export function createLayerNorm(
  store: ParameterStore,
  name: string,
  channels: number,
  trainable = true,
): (x: tf.Tensor4D) => tf.Tensor4D {
  const spec = { shape: [channels], layout: 'same', trainable } as const;
  const gamma = store.add(`${name}.weight`, { ...spec, init: ones }) as tf.Tensor1D;
  const beta = store.add(`${name}.bias`, { ...spec, init: zeros }) as tf.Tensor1D;
  return (x) => layerNorm(x, gamma, beta);
}

export interface LinearOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly hasBias?: boolean;
  readonly trainable: boolean;
  /** Stride of the map whose every cell it is applied to. */
  readonly at: number;
}

export interface Linear {
  readonly weight: tf.Tensor2D; // [inputs, outputs]
  readonly bias: tf.Tensor1D | undefined;
  /** [tokens, inputs] → [tokens, outputs] */
  forward(x: tf.Tensor2D): tf.Tensor2D;
}

export function createLinear(store: ParameterStore, name: string, options: LinearOptions): Linear {
  const { inputs, outputs, hasBias = true, trainable, at } = options;
  const weight = store.add(`${name}.weight`, {
    shape: [outputs, inputs],
    layout: 'linear',
    init: SWIN_INIT,
    trainable,
    appliedAt: [at],
  }) as tf.Tensor2D;
  const bias = hasBias
    ? (store.add(`${name}.bias`, { shape: [outputs], layout: 'same', init: zeros, trainable }) as tf.Tensor1D)
    : undefined;
  return { weight, bias, forward: (x) => affine(x, weight, bias) };
}

/** x·W + b. tfjs's own product keeps its result for the backward pass; here x and W alone are kept. */
export function affine(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D | undefined): tf.Tensor2D {
  const run = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const [a, w, b] = args as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D?];
    save([a, w]);
    return {
      value: tf.fused.matMul({ a, b: w, bias: b }),
      gradFunc: (dy, saved) => {
        const [input, filter] = saved as [tf.Tensor2D, tf.Tensor2D];
        const gradients = [tf.matMul(dy, filter, false, true), tf.matMul(input, dy, true, false)];
        return b === undefined ? gradients : [...gradients, tf.sum(dy, 0)];
      },
    };
  });
  return run(...[x, weight, ...(bias === undefined ? [] : [bias])]) as tf.Tensor2D;
}

/** Image [B, H, W, 3] → [B, ⌈H/4⌉, ⌈W/4⌉, E]: zeros right and below, one linear map per 4×4 patch, layer norm. */
export function createPatchEmbedding(
  store: ParameterStore,
  name: string,
  channels: number,
  trainable: boolean,
): (images: tf.Tensor4D) => tf.Tensor4D {
  const shape = [channels, 3, PATCH, PATCH];
  const init = pytorchDefault(3 * PATCH * PATCH);
  const filter = store.add(`${name}.proj.weight`, {
    shape,
    layout: 'convolution',
    init,
    trainable,
    appliedAt: [PATCH],
  }) as tf.Tensor4D;
  const bias = store.add(`${name}.proj.bias`, {
    shape: [channels],
    layout: 'same',
    init,
    trainable,
  }) as tf.Tensor1D;
  const norm = createLayerNorm(store, `${name}.norm`, channels, trainable);
  return (images) => norm(conv2d(padTo(images, PATCH), filter, { bias, stride: PATCH, padding: 0 }));
}

/** [B, H, W, C] → [B, ⌈H/2⌉, ⌈W/2⌉, 2C]: the four pixels of a 2×2 patch joined, layer norm, linear map without bias. */
export function createPatchMerging(
  store: ParameterStore,
  name: string,
  { channels, stride, trainable }: StagePlace,
): (x: tf.Tensor4D) => tf.Tensor4D {
  const norm = createLayerNorm(store, `${name}.norm`, 4 * channels, trainable);
  const reduction = createLinear(store, `${name}.reduction`, {
    inputs: 4 * channels,
    outputs: 2 * channels,
    hasBias: false,
    trainable,
    at: 2 * stride,
  });
  return (x) => {
    const even = padTo(x, 2);
    const [batch, height, width] = even.shape;
    const patches = tf.reshape(even, [batch, height / 2, 2, width / 2, 2, channels]);
    // Joined as (row, column) = (0,0), (1,0), (0,1), (1,1): the column is the slower index.
    const joined = tf.transpose(patches, [0, 1, 3, 4, 2, 5]);
    const normed = norm(tf.reshape(joined, [batch, height / 2, width / 2, 4 * channels]));
    const merged = reduction.forward(tf.reshape(normed, [-1, 4 * channels]));
    return tf.reshape(merged, [batch, height / 2, width / 2, 2 * channels]);
  };
}

/** Zeros right and below until both sides are multiples of `multiple`. */
export function padTo(x: tf.Tensor4D, multiple: number): tf.Tensor4D {
  const below = (multiple - (x.shape[1] % multiple)) % multiple;
  const right = (multiple - (x.shape[2] % multiple)) % multiple;
  if (below === 0 && right === 0) return x;
  return tf.pad4d(x, [
    [0, 0],
    [0, below],
    [0, right],
    [0, 0],
  ]);
}
