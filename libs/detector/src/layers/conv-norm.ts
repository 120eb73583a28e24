import * as tf from '@tensorflow/tfjs-core';
import { conv2d, groupNorm } from '@cassl/engine';
import type { ParameterStore } from '../parameters.ts';
import { type BatchNorm, createBatchNorm } from './batch-norm.ts';
import { type ConvolutionOptions, createConvolution } from './convolution.ts';
import { createFoldedFilter } from './folded-filter.ts';
import { inSequence } from './in-sequence.ts';
import { ones, zeros } from './initialisers.ts';

export type NormKind = 'frozen-batch' | 'batch' | 'group';

export interface ConvNormOptions extends ConvolutionOptions {
  readonly norm: NormKind;
  /** Groups of a group norm. */
  readonly groups: number;
}

/** Convolution, norm and, where asked, ReLU. */
export type ConvNorm = (x: tf.Tensor4D, training: boolean, activation?: 'linear' | 'relu') => tf.Tensor4D;

/** `names`: where the convolution and the norm keep their weights. */
export function createConvNorm(
  store: ParameterStore,
  names: { readonly conv: string; readonly norm: string },
  options: ConvNormOptions,
): ConvNorm {
  const convolution = createConvolution(store, names.conv, options);
  if (options.norm === 'group') {
    const normalise = createGroupNorm(store, names.norm, options);
    return (x, _training, activation) =>
      inSequence(x, [convolution.forward, normalise, (y) => activate(y, activation)]);
  }
  const norm = createBatchNorm(
    store,
    names.norm,
    options.outChannels,
    options.norm === 'frozen-batch' || options.trainable === false,
  );
  return withBatchNorm(convolution, norm, options);
}

function withBatchNorm(
  convolution: ReturnType<typeof createConvolution>,
  norm: BatchNorm,
  { kernel, stride = 1, trainable = true }: ConvNormOptions,
): ConvNorm {
  const folded = createFoldedFilter(convolution.filter, norm);
  return (x, training, activation = 'linear') => {
    if (training && !norm.frozen) {
      return inSequence(x, [convolution.forward, norm.train, (y) => activate(y, activation)]);
    }
    const { filter, bias } = training && trainable ? folded.live() : folded.cached();
    return conv2d(x, filter, { bias, stride, padding: (kernel - 1) / 2, activation });
  };
}

/** y = γ (x − mean) / std + β over groups of contiguous channels. */
export function createGroupNorm(
  store: ParameterStore,
  name: string,
  options: Pick<ConvNormOptions, 'outChannels' | 'groups' | 'trainable' | 'appliedAt'>,
): (x: tf.Tensor4D) => tf.Tensor4D {
  const spec = {
    shape: [options.outChannels],
    layout: 'same',
    trainable: options.trainable ?? true,
  } as const;
  const gamma = store.add(`${name}.weight`, {
    ...spec,
    init: ones,
    appliedAt: options.appliedAt,
  }) as tf.Variable<tf.Rank.R1>;
  const beta = store.add(`${name}.bias`, { ...spec, init: zeros }) as tf.Variable<tf.Rank.R1>;
  return (x) => groupNorm(x, gamma, beta, options.groups, 1e-5);
}

function activate(x: tf.Tensor4D, activation: 'linear' | 'relu' = 'linear'): tf.Tensor4D {
  return activation === 'relu' ? tf.relu(x) : x;
}
