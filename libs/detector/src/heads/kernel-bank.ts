/**
 * The entity code's global kernel bank (method.md 2.6, "Entity extras"): static 3×3 layers beside the dynamic 1×1 ones. A
 * path "abc" takes layer k from the instance (1) or from the bank (0); all but 000 are trained, inference uses 111 alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { createConvolution } from '../layers/convolution.ts';
import { normal } from '../layers/initialisers.ts';
import type { DetectorConfig } from '../config.ts';
import type { ParameterStore } from '../parameters.ts';
import { type DynamicLayers, splitDynamicParameters } from './dynamic-parameters.ts';
import { type MaskInstances, pixelCenters } from './dynamic-mask-head.ts';

/** Weight of each path's Dice loss. */
export const PATH_WEIGHTS = {
  '111': 1,
  '110': 1,
  '101': 1,
  '100': 1,
  '011': 0.25,
  '010': 0.25,
  '001': 0.25,
} as const;

export type KernelPath = keyof typeof PATH_WEIGHTS;

export interface KernelBank {
  /** Logits [B × slots, h, w] of every path, at the stride of `features`. */
  logits(features: tf.Tensor4D, stride: number, instances: MaskInstances): Record<KernelPath, tf.Tensor3D>;
}

/** One layer of an instance or of the bank: [M, h, w, in] → [M, h, w, out], without activation. */
type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

export function createKernelBank(store: ParameterStore, config: DetectorConfig): KernelBank {
  const d = config.dynamicChannels;
  const stride = 2 ** config.levels[0]!;
  const static3 = (name: string, inChannels: number, outChannels: number): Layer => {
    const convolution = createConvolution(store, `mask_head.stable.${name}`, {
      inChannels,
      outChannels,
      kernel: 3,
      init: normal(0.01),
      bias: true,
      appliedAt: [stride],
    });
    return (x) => convolution.forward(x);
  };
  const bank = [static3('0.0', d + 2, d), static3('1.0', d, d), static3('2', d, 1)];
  return {
    logits: (features, featureStride, instances) => {
      const inputs = instanceInputs(features, featureStride, instances);
      const own = dynamicLayers(splitDynamicParameters(instances.parameters, d));
      return runPaths(inputs, own, bank);
    },
  };
}

/** Layers 1 and 2 are shared by the paths that begin alike. */
function runPaths(
  inputs: tf.Tensor4D,
  own: readonly Layer[],
  bank: readonly Layer[],
): Record<KernelPath, tf.Tensor3D> {
  const choose = (digit: string, layer: number): Layer => (digit === '1' ? own : bank)[layer]!;
  const prefixes = new Map<string, tf.Tensor4D>([['', inputs]]);
  const hidden = (prefix: string): tf.Tensor4D => {
    const known = prefixes.get(prefix);
    if (known !== undefined) return known;
    const made = tf.relu(choose(prefix.at(-1)!, prefix.length - 1)(hidden(prefix.slice(0, -1))));
    prefixes.set(prefix, made);
    return made;
  };
  const [count, height, width] = inputs.shape;
  const result = {} as Record<KernelPath, tf.Tensor3D>;
  for (const path of Object.keys(PATH_WEIGHTS) as KernelPath[]) {
    const logits = choose(path[2]!, 2)(hidden(path.slice(0, 2)));
    result[path] = tf.reshape(logits, [count, height, width]);
  }
  return result;
}

/** [M, h, w, d + 2]: relative x and y, (origin − pixel) / soi, then the features of the instance's image. */
function instanceInputs(
  features: tf.Tensor4D,
  stride: number,
  { slots, origins }: MaskInstances,
): tf.Tensor4D {
  const [batch, height, width, channels] = features.shape;
  const count = batch * slots;
  const own = Float32Array.from(
    { length: count * 2 },
    (_, index) => origins[(index >> 1) * 3 + (index & 1)]!,
  );
  const scale = Float32Array.from({ length: count }, (_, index) => origins[index * 3 + 2]!);
  const relative = tf.sub<tf.Tensor4D>(
    tf.tensor4d(own, [count, 1, 1, 2]),
    tf.mul(pixelCenters(height, width, stride), tf.tensor4d(scale, [count, 1, 1, 1])),
  );
  const spread = tf.tile(tf.reshape(features, [batch, 1, height * width * channels]), [1, slots, 1]);
  return tf.concat([relative, tf.reshape(spread, [count, height, width, channels])], 3);
}

function dynamicLayers({ w1, w2, w3, b1, b2, b3 }: DynamicLayers): Layer[] {
  const layer =
    (weight: tf.Tensor3D, bias: tf.Tensor3D): Layer =>
    (x) => {
      const [count, height, width, channels] = x.shape;
      const rows = tf.reshape(x, [count, height * width, channels]);
      const out = tf.add(tf.matMul(rows, weight, false, true), tf.transpose(bias, [0, 2, 1]));
      return tf.reshape(out, [count, height, width, weight.shape[1]]);
    };
  return [layer(w1, b1), layer(w2, b2), layer(w3, b3)];
}
