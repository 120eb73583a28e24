/**
 * CondInst's controller (method.md 2.4, 2.6): for every instance, the weights of a little mask network. One 3×3 convolution
 * on the box tower, read at the instances' cells only; the entity variant puts three more in front, which see where they are.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { createGroupNorm } from '../layers/conv-norm.ts';
import { createConvolution } from '../layers/convolution.ts';
import { inSequence } from '../layers/in-sequence.ts';
import { normal } from '../layers/initialisers.ts';
import type { ParameterStore } from '../parameters.ts';
import { convolvePatches } from './cells.ts';
import { dynamicParameterCount } from './dynamic-parameters.ts';

export interface Controller {
  /** False: it reads the box tower's own maps, and `features` returns them. */
  readonly hasOwnFeatures: boolean;
  features(boxTower: readonly tf.Tensor4D[]): readonly tf.Tensor4D[];
  /** `patches` [P, 9C] of `features` → [P, parameters]. */
  parametersAt(patches: tf.Tensor2D): tf.Tensor2D;
}

export function createController(store: ParameterStore, config: DetectorConfig): Controller {
  const channels = config.pyramidChannels;
  const strides = config.levels.map((level) => 2 ** level);
  const own = config.kernelHead === 'coordinates';
  const layers = own ? [1, 2, 3].flatMap((n) => createKernelLayers(store, n, config, strides)) : [];
  const output = createConvolution(store, own ? 'controller.out_conv' : 'controller', {
    inChannels: channels,
    outChannels: dynamicParameterCount(config.dynamicChannels),
    kernel: 3,
    init: normal(0.01),
    bias: true,
    appliedAt: strides,
  });
  return {
    hasOwnFeatures: own,
    features: (maps) => (own ? maps.map((map) => inSequence(map, [withCoordinates, ...layers])) : maps),
    parametersAt: (patches) => convolvePatches(patches, output.filter, output.bias),
  };
}

function createKernelLayers(
  store: ParameterStore,
  n: number,
  config: DetectorConfig,
  appliedAt: readonly number[],
): ((x: tf.Tensor4D) => tf.Tensor4D)[] {
  const name = `controller.kernel_head.kernel_head_head_${n}`;
  const channels = config.pyramidChannels;
  const convolution = createConvolution(store, name, {
    inChannels: n === 1 ? channels + 2 : channels,
    outChannels: channels,
    kernel: 3,
    init: normal(0.01),
    appliedAt,
  });
  const normalise = createGroupNorm(store, `${name}.norm`, {
    outChannels: channels,
    groups: config.towerGroups,
    appliedAt,
  });
  return [convolution.forward, normalise, (x) => tf.relu(x)];
}

/** Appends the row and the column coordinate, each from −1 to 1. */
function withCoordinates(x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width] = x.shape;
  const span = (length: number, shape: [number, number, number, number]): tf.Tensor4D =>
    tf.tile(tf.reshape(linspace(length), shape), [batch, height / shape[1], width / shape[2], 1]);
  return tf.concat([x, span(height, [1, height, 1, 1]), span(width, [1, 1, width, 1])], 3);
}

/** torch.linspace(-1, 1, n), which is [-1] for n = 1. */
function linspace(length: number): tf.Tensor1D {
  return tf.tensor1d(
    Float32Array.from({ length }, (_, index) => (length === 1 ? -1 : -1 + (2 * index) / (length - 1))),
  );
}
