import * as tf from '@tensorflow/tfjs-core';
import { gelu } from '@cassl/engine';
import { residual } from '../layers/residual.ts';
import type { ParameterStore } from '../parameters.ts';
import type { ForwardContext } from './backbone.ts';
import { createWindowAttention, type WindowAttentionOptions } from './swin-attention.ts';
import { dropPath } from './swin-drop-path.ts';
import { createLayerNorm, createLinear, type StagePlace } from './swin-layers.ts';
import type { WindowPartitions } from './swin-windows.ts';

export interface SwinBlockOptions extends WindowAttentionOptions {
  /** Every second block. */
  readonly isShifted: boolean;
  /** Probability that a training image skips a branch. */
  readonly dropPath: number;
}

/** Its two halves, one after the other, each [B, H, W, C] → the same. */
export type SwinBlock = (
  windows: WindowPartitions,
  context: ForwardContext,
) => ((x: tf.Tensor4D) => tf.Tensor4D)[];

/** Hidden width of the MLP per channel. */
const MLP_RATIO = 4;

/** x ─ + attention(norm1) ─ + mlp(norm2). */
export function createSwinBlock(store: ParameterStore, name: string, options: SwinBlockOptions): SwinBlock {
  const norm1 = createLayerNorm(store, `${name}.norm1`, options.channels, options.trainable);
  const attend = createWindowAttention(store, `${name}.attn`, options);
  const norm2 = createLayerNorm(store, `${name}.norm2`, options.channels, options.trainable);
  const mlp = createMlp(store, `${name}.mlp`, options);
  return ({ plain, shifted }, context) => {
    const windows = options.isShifted ? shifted : plain;
    const plus = (x: tf.Tensor4D, branch: tf.Tensor4D): tf.Tensor4D =>
      residual(x, dropPath(branch, options.dropPath, context));
    return [(x) => plus(x, attend(norm1(x), windows)), (x) => plus(x, mlp(norm2(x)))];
  };
}

function createMlp(
  store: ParameterStore,
  name: string,
  { channels, stride, trainable }: StagePlace,
): (x: tf.Tensor4D) => tf.Tensor4D {
  const hidden = MLP_RATIO * channels;
  const fc1 = createLinear(store, `${name}.fc1`, {
    inputs: channels,
    outputs: hidden,
    trainable,
    at: stride,
  });
  const fc2 = createLinear(store, `${name}.fc2`, {
    inputs: hidden,
    outputs: channels,
    trainable,
    at: stride,
  });
  return (x) =>
    tf.reshape(fc2.forward(gelu(fc1.forward(tf.reshape<tf.Rank.R2>(x, [-1, channels])))), x.shape);
}
