/**
 * Feature pyramid (Lin et al. 2017, https://arxiv.org/abs/1612.03144) as in method.md 2.1:
 *
 *   C5 ─ 1×1 ──────┬─ 3×3 ─ P5 ─ 3×3/2 ─ P6 ─ ReLU ─ 3×3/2 ─ P7
 *   C4 ─ 1×1 ─ + ◄─┤×2
 *              └───┼─ 3×3 ─ P4
 *   C3 ─ 1×1 ─ + ◄─┘×2 ─ 3×3 ─ P3
 */
import * as tf from '@tensorflow/tfjs-core';
import type { BackboneStage } from '../backbones/backbone.ts';
import type { DetectorConfig } from '../config.ts';
import { createConvolution } from '../layers/convolution.ts';
import { uniformFanIn } from '../layers/initialisers.ts';
import { nearestTimesTwoPlus } from '../layers/nearest-upsample.ts';
import type { ParameterStore } from '../parameters.ts';

export interface FeaturePyramid {
  /** One map per backbone stage, fine to coarse → one map per config level, [B, H / 2^k, W / 2^k, pyramidChannels]. */
  forward(stages: readonly tf.Tensor4D[]): tf.Tensor4D[];
}

export function createFeaturePyramid(
  store: ParameterStore,
  config: DetectorConfig,
  stages: readonly BackboneStage[],
): FeaturePyramid {
  const { pyramidInputs: inputs, levels, pyramidChannels: channels } = config;
  const coarsest = inputs.at(-1)!;
  const convolution = (name: string, inChannels: number, kernel: number, stride: number, level: number) =>
    createConvolution(store, name, {
      inChannels,
      outChannels: channels,
      kernel,
      stride,
      init: uniformFanIn,
      bias: true,
      appliedAt: [2 ** level],
    });
  const channelsOf = (level: number): number => stages.find((stage) => stage.level === level)!.channels;
  const laterals = inputs.map((k) => convolution(`backbone.fpn_lateral${k}`, channelsOf(k), 1, 1, k));
  const outputs = inputs.map((k) => convolution(`backbone.fpn_output${k}`, channels, 3, 1, k));
  const extras = levels
    .filter((level) => level > coarsest)
    .map((k) => convolution(`backbone.top_block.p${k}`, channels, 3, 2, k));

  return {
    forward: (maps) => {
      const used = inputs.map((k) => maps[stages.findIndex((stage) => stage.level === k)]!);
      const pyramid: tf.Tensor4D[] = [];
      let top: tf.Tensor4D | undefined;
      for (let index = inputs.length - 1; index >= 0; index--) {
        // Entity models carry convolutions for P2, which no head reads and no gradient reaches.
        if (inputs[index]! < levels[0]!) break;
        const lateral = laterals[index]!.forward(used[index]!);
        top = top === undefined ? lateral : nearestTimesTwoPlus(top, lateral);
        pyramid.unshift(outputs[index]!.forward(top));
      }
      extras.forEach((extra, index) => {
        const last = pyramid.at(-1)!;
        pyramid.push(extra.forward(index === 0 ? last : tf.relu(last)));
      });
      return pyramid;
    },
  };
}
