import * as tf from '@tensorflow/tfjs-core';
import { relativePositionIndex } from '@cassl/checkpoints';
import { attention } from '@cassl/engine';
import type { ParameterStore } from '../parameters.ts';
import { affine, createLinear, SWIN_INIT, type StagePlace } from './swin-layers.ts';
import type { WindowPartition } from './swin-windows.ts';

export interface WindowAttentionOptions extends StagePlace {
  readonly heads: number;
  /** Tokens per window side. */
  readonly window: number;
}

/** Multi-head self-attention inside each window, with a learned bias per relative position: [B, H, W, C] → the same. */
export function createWindowAttention(
  store: ParameterStore,
  name: string,
  { channels, heads, window, stride, trainable }: WindowAttentionOptions,
): (x: tf.Tensor4D, partition: WindowPartition) => tf.Tensor4D {
  const tokens = window * window;
  const linear = { inputs: channels, trainable, at: stride };
  const qkv = createLinear(store, `${name}.qkv`, { ...linear, outputs: 3 * channels });
  const projection = createLinear(store, `${name}.proj`, { ...linear, outputs: channels });
  const biasTable = store.add(`${name}.relative_position_bias_table`, {
    shape: [(2 * window - 1) ** 2, heads],
    layout: 'same',
    init: SWIN_INIT,
    trainable,
  }) as tf.Tensor2D;
  const index = relativePositionIndex(window);
  const scale = (channels / heads) ** -0.5;

  /** [heads, w², w²] */
  const positionBias = (): tf.Tensor3D => {
    const rows = tf.gather(biasTable, tf.tensor1d(index, 'int32'));
    return tf.transpose(tf.reshape(rows, [tokens, tokens, heads]), [2, 0, 1]);
  };

  /** Third `part` of the joined weights: slicing these costs less than slicing what they make. */
  const project = (x: tf.Tensor2D, part: number, shape: [number, number, number, number]): tf.Tensor4D => {
    const weight = tf.slice2d(qkv.weight, [0, part * channels], [channels, channels]);
    const bias = tf.slice1d(qkv.bias!, part * channels, channels);
    return tf.transpose(tf.reshape(affine(x, weight, bias), shape), [0, 2, 1, 3]);
  };

  return (x, partition) => {
    const [, height, width] = x.shape;
    const windows = partition.split(x); // [B·n, w², C]
    const count = windows.shape[0];
    const flat = tf.reshape<tf.Rank.R2>(windows, [count * tokens, channels]);
    const shape: [number, number, number, number] = [count, tokens, heads, channels / heads];
    const [q, k, v] = [0, 1, 2].map((part) => project(flat, part, shape)) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const attended = attend(q, k, v, scale, positionBias(), partition.mask); // [B·n, heads, w², d]
    const lined = tf.reshape<tf.Rank.R3>(tf.transpose(attended, [0, 2, 1, 3]), [count, tokens, channels]);
    const joined = tf.reshape<tf.Rank.R2>(partition.join(lined), [-1, channels]);
    return tf.reshape(projection.forward(joined), [-1, height, width, channels]);
  };
}

/** The mask differs per window and the bias per head, so the windows of an image stand in for heads where there is a mask. */
function attend(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  scale: number,
  positionBias: tf.Tensor3D,
  mask: tf.Tensor3D | undefined,
): tf.Tensor4D {
  if (mask === undefined) return attention(q, k, v, { scale, bias: tf.expandDims(positionBias, 0) });
  const [count, heads, tokens, depth] = q.shape;
  const windows = mask.shape[0];
  const perWindow = tf.add(tf.expandDims(mask, 1), tf.expandDims(positionBias, 0)); // [n, heads, w², w²]
  const bias = tf.reshape(perWindow, [1, windows * heads, tokens, tokens]);
  const image = (x: tf.Tensor4D): tf.Tensor4D =>
    tf.reshape(x, [count / windows, windows * heads, tokens, depth]);
  return tf.reshape(attention(image(q), image(k), image(v), { scale, bias }), q.shape);
}
