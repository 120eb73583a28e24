import type * as tf from '@tensorflow/tfjs-core';
import { conv2d } from '@cassl/engine';
import type { ParameterStore } from '../parameters.ts';
import { type Initialiser, zeros } from './initialisers.ts';

export interface ConvolutionOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Side of the square kernel; padding keeps the size at stride 1. */
  readonly kernel: number;
  readonly stride?: number;
  readonly init: Initialiser;
  /** Absent: no bias; `true`: starts at 0. */
  readonly bias?: Initialiser | true;
  readonly trainable?: boolean;
  /** Strides of the maps that it writes (`ParameterSpec.appliedAt`). */
  readonly appliedAt: readonly number[];
}

export interface Convolution {
  readonly filter: tf.Variable<tf.Rank.R4>; // [kh, kw, I, O]
  readonly bias: tf.Variable<tf.Rank.R1> | undefined;
  /** [B, H, W, I] → [B, H / stride, W / stride, O] */
  readonly forward: (x: tf.Tensor4D, activation?: 'linear' | 'relu') => tf.Tensor4D;
}

export function createConvolution(
  store: ParameterStore,
  name: string,
  options: ConvolutionOptions,
): Convolution {
  const { kernel, stride = 1, trainable = true, appliedAt } = options;
  const filter = store.add(`${name}.weight`, {
    shape: [options.outChannels, options.inChannels, kernel, kernel],
    layout: 'convolution',
    init: options.init,
    trainable,
    appliedAt,
  }) as tf.Variable<tf.Rank.R4>;
  const bias =
    options.bias === undefined
      ? undefined
      : (store.add(`${name}.bias`, {
          shape: [options.outChannels],
          layout: 'same',
          init: options.bias === true ? zeros : options.bias,
          trainable,
        }) as tf.Variable<tf.Rank.R1>);
  return {
    filter,
    bias,
    forward: (x, activation = 'linear') =>
      conv2d(x, filter, {
        ...(bias === undefined ? {} : { bias }),
        stride,
        padding: (kernel - 1) / 2,
        activation,
      }),
  };
}
