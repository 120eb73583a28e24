/**
 * ResNet (He et al. 2016, https://arxiv.org/abs/1512.03385) with torchvision's parameter names; method.md 3.1.
 *
 *   image ─ 7×7/2 ─ max 3×3/2 ─ layer1 ─ layer2 ─ layer3 ─ layer4
 *                               C2 (/4)   C3 (/8)  C4 (/16) C5 (/32)
 *
 * `resnet-small` has a 3×3/2 stem, no pooling and strides in layer1 instead: textures survive at 128 px.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { type ConvNorm, createConvNorm } from '../layers/conv-norm.ts';
import { heNormalFanOut } from '../layers/initialisers.ts';
import { inSequence } from '../layers/in-sequence.ts';
import { recompute } from '../layers/recompute.ts';
import { residual } from '../layers/residual.ts';
import { withoutGradient } from '../layers/without-gradient.ts';
import { learnedUnder, type ParameterStore } from '../parameters.ts';
import type { Backbone, BackboneStage } from './backbone.ts';

interface Figure {
  readonly block: 'basic' | 'bottleneck';
  readonly blocks: readonly number[];
  /** Inner channels of each stage's blocks; a bottleneck's output has four times as many. */
  readonly widths: readonly number[];
}

const WIDTHS = [64, 128, 256, 512] as const;

const FIGURES: Readonly<Record<string, Figure>> = {
  resnet18: { block: 'basic', blocks: [2, 2, 2, 2], widths: WIDTHS },
  resnet34: { block: 'basic', blocks: [3, 4, 6, 3], widths: WIDTHS },
  resnet50: { block: 'bottleneck', blocks: [3, 4, 6, 3], widths: WIDTHS },
  resnet101: { block: 'bottleneck', blocks: [3, 4, 23, 3], widths: WIDTHS },
};

type Layer = (x: tf.Tensor4D, training: boolean) => tf.Tensor4D;

interface BlockPlace {
  readonly name: string;
  readonly inChannels: number;
  readonly width: number;
  readonly outChannels: number;
  /** Stride of the first block of a stage. */
  readonly stride: number;
  /** Stride of the block's input in the image. */
  readonly inputStride: number;
  readonly trainable: boolean;
}

export function createResNet(store: ParameterStore, prefix: string, config: DetectorConfig): Backbone {
  const small = config.backbone === 'resnet-small';
  const figure: Figure = small
    ? { block: 'basic', blocks: config.backboneBlocks!, widths: config.backboneWidths! }
    : FIGURES[config.backbone]!;
  const stemChannels = small ? figure.widths[0]! / 2 : 64;
  const unit = convNormFactory(store, config);
  const stem = createStem(unit, prefix, stemChannels, small, config.frozenStages < 1);

  const layers: Layer[] = [];
  const stages: BackboneStage[] = [];
  let inChannels = stemChannels;
  for (let stage = 0; stage < config.backboneStages; stage++) {
    const width = figure.widths[stage]!;
    const outChannels = figure.block === 'bottleneck' ? 4 * width : width;
    const stride = stage > 0 || small ? 2 : 1;
    const trainable = config.frozenStages < stage + 2;
    const blocks = Array.from({ length: figure.blocks[stage]! }, (_, index) => {
      const first = index === 0;
      const place: BlockPlace = {
        name: `${prefix}layer${stage + 1}.${index}`,
        inChannels: first ? inChannels : outChannels,
        width,
        outChannels,
        stride: first ? stride : 1,
        inputStride: first ? 2 ** (stage + 2) / stride : 2 ** (stage + 2),
        trainable,
      };
      return figure.block === 'basic'
        ? createBasicBlock(unit, place)
        : createBottleneck(unit, place, config.resnetStride);
    });
    const layer: Layer = (x, training) =>
      inSequence(
        x,
        blocks.map((block) => (y) => block(y, training)),
      );
    layers.push(
      config.recompute ? recomputed(layer, learnedUnder(store, `${prefix}layer${stage + 1}.`)) : layer,
    );
    stages.push({ level: stage + 2, channels: outChannels });
    inChannels = outChannels;
  }

  return {
    stages,
    forward: (images, { training }) => {
      const frozenLayers = Math.max(0, config.frozenStages - 1);
      let x =
        config.frozenStages > 0
          ? withoutGradient(images, (input) => stem(input, training))
          : stem(images, training);
      return layers.map((layer, index) => {
        x = index < frozenLayers ? withoutGradient(x, (input) => layer(input, training)) : layer(x, training);
        return x;
      });
    },
  };
}

function recomputed(layer: Layer, variables: () => tf.Variable[]): Layer {
  return (x, training) =>
    training ? recompute(x, variables(), (input) => layer(input, training)) : layer(x, training);
}

type Unit = (
  names: { conv: string; norm: string },
  size: {
    inChannels: number;
    outChannels: number;
    kernel: number;
    stride: number;
    at: number;
    trainable: boolean;
  },
) => ConvNorm;

function convNormFactory(store: ParameterStore, config: DetectorConfig): Unit {
  return (names, { at, ...size }) =>
    createConvNorm(store, names, {
      ...size,
      init: heNormalFanOut,
      norm: config.backboneNorm,
      groups: config.backboneGroups,
      appliedAt: [at],
    });
}

function createStem(
  unit: Unit,
  prefix: string,
  outChannels: number,
  small: boolean,
  trainable: boolean,
): Layer {
  const names = { conv: `${prefix}conv1`, norm: `${prefix}bn1` };
  const conv = unit(names, {
    inChannels: 3,
    outChannels,
    kernel: small ? 3 : 7,
    stride: 2,
    at: 2,
    trainable,
  });
  if (small) return (x, training) => conv(x, training, 'relu');
  // The map is not negative, so zero padding and 'valid' equal max pooling's own padding on every engine.
  const around: [number, number][] = [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ];
  return (x, training) =>
    inSequence(x, [
      (image) => conv(image, training, 'relu'),
      (map) => tf.pad(map, around),
      (map) => tf.maxPool(map, 3, 2, 'valid'),
    ]);
}

/** x ─ 3×3 ─ 3×3 ─ + ─ ReLU, with a 1×1 on the short cut where shapes differ. */
function createBasicBlock(unit: Unit, place: BlockPlace): Layer {
  const { name, inChannels, outChannels, stride, inputStride, trainable } = place;
  const at = inputStride * stride;
  const conv1 = unit(
    { conv: `${name}.conv1`, norm: `${name}.bn1` },
    { inChannels, outChannels, kernel: 3, stride, at, trainable },
  );
  const conv2 = unit(
    { conv: `${name}.conv2`, norm: `${name}.bn2` },
    { inChannels: outChannels, outChannels, kernel: 3, stride: 1, at, trainable },
  );
  const shortcut = createShortcut(unit, place);
  return (x, training) =>
    tf.relu(residual(conv2(conv1(x, training, 'relu'), training), shortcut(x, training)));
}

/** x ─ 1×1 ─ 3×3 ─ 1×1 (×4) ─ + ─ ReLU. */
function createBottleneck(unit: Unit, place: BlockPlace, strideStyle: DetectorConfig['resnetStride']): Layer {
  const { name, inChannels, width, outChannels, stride, inputStride, trainable } = place;
  const at = inputStride * stride;
  const msra = strideStyle === 'msra';
  const conv1 = unit(
    { conv: `${name}.conv1`, norm: `${name}.bn1` },
    {
      inChannels,
      outChannels: width,
      kernel: 1,
      stride: msra ? stride : 1,
      at: msra ? at : inputStride,
      trainable,
    },
  );
  const conv2 = unit(
    { conv: `${name}.conv2`, norm: `${name}.bn2` },
    { inChannels: width, outChannels: width, kernel: 3, stride: msra ? 1 : stride, at, trainable },
  );
  const conv3 = unit(
    { conv: `${name}.conv3`, norm: `${name}.bn3` },
    { inChannels: width, outChannels, kernel: 1, stride: 1, at, trainable },
  );
  const shortcut = createShortcut(unit, place);
  return (x, training) => {
    const inner = conv2(conv1(x, training, 'relu'), training, 'relu');
    return tf.relu(residual(conv3(inner, training), shortcut(x, training)));
  };
}

function createShortcut(
  unit: Unit,
  { name, inChannels, outChannels, stride, inputStride, trainable }: BlockPlace,
): Layer {
  if (inChannels === outChannels && stride === 1) return (x) => x;
  return unit(
    { conv: `${name}.downsample.0`, norm: `${name}.downsample.1` },
    { inChannels, outChannels, kernel: 1, stride, at: inputStride * stride, trainable },
  );
}
