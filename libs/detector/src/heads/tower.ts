import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { createGroupNorm } from '../layers/conv-norm.ts';
import { createConvolution } from '../layers/convolution.ts';
import { inSequence } from '../layers/in-sequence.ts';
import { normal } from '../layers/initialisers.ts';
import type { ParameterStore } from '../parameters.ts';

/** n × [3×3 convolution with bias, group norm, ReLU], shared by all levels (method 2.4). */
export type Tower = (x: tf.Tensor4D) => tf.Tensor4D;

/** Keeps its weights under `{name}.{3n}` (convolution) and `{name}.{3n + 1}` (norm), as nn.Sequential counts. */
export function createTower(store: ParameterStore, name: string, config: DetectorConfig): Tower {
  const channels = config.pyramidChannels;
  const layers = Array.from({ length: config.towerConvolutions }, (_, index) => {
    const convolution = createConvolution(store, `${name}.${3 * index}`, {
      inChannels: channels,
      outChannels: channels,
      kernel: 3,
      init: normal(0.01),
      bias: true,
      appliedAt: config.levels.map((level) => 2 ** level),
    });
    const normalise = createGroupNorm(store, `${name}.${3 * index + 1}`, {
      outChannels: channels,
      groups: config.towerGroups,
      appliedAt: config.levels.map((level) => 2 ** level),
    });
    return [convolution.forward, normalise, (x: tf.Tensor4D): tf.Tensor4D => tf.relu(x)];
  }).flat();
  return (x) => inSequence(x, layers);
}
