/**
 * Mask branch (method.md 2.6): the finest levels refined, enlarged to the finest and summed, then a few blocks and d features.
 *
 *   P3 ─ 3×3 ─────┐
 *   P4 ─ 3×3 ─ ×2 ┼ + ─ n × 3×3 ─ 1×1 ─ d features at P3's stride
 *   P5 ─ 3×3 ─ ×4 ┘
 */
import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { alignedBilinear } from '../layers/aligned-bilinear.ts';
import { createConvNorm } from '../layers/conv-norm.ts';
import { createConvolution } from '../layers/convolution.ts';
import { inSequence } from '../layers/in-sequence.ts';
import { pytorchDefault, uniformFanIn } from '../layers/initialisers.ts';
import type { ParameterStore } from '../parameters.ts';

export interface MaskBranch {
  /** → [B, h, w, d] at the finest level's stride. */
  forward(pyramid: readonly tf.Tensor4D[], training: boolean): tf.Tensor4D;
}

export function createMaskBranch(store: ParameterStore, config: DetectorConfig): MaskBranch {
  const channels = config.maskChannels;
  const finest = 2 ** config.levels[0]!;
  const block = (name: string, inChannels: number, stride: number) =>
    createConvNorm(
      store,
      { conv: `${name}.0`, norm: `${name}.1` },
      {
        inChannels,
        outChannels: channels,
        kernel: 3,
        init: uniformFanIn,
        norm: config.maskNorm,
        groups: config.maskGroups,
        appliedAt: [stride],
      },
    );
  const refine = Array.from({ length: config.maskLevels }, (_, index) =>
    block(`mask_branch.refine.${index}`, config.pyramidChannels, finest * 2 ** index),
  );
  const tower = Array.from({ length: config.maskConvolutions }, (_, index) =>
    block(`mask_branch.tower.${index}`, channels, finest),
  );
  const output = createConvolution(store, `mask_branch.tower.${config.maskConvolutions}`, {
    inChannels: channels,
    outChannels: config.dynamicChannels,
    kernel: 1,
    init: pytorchDefault(),
    bias: pytorchDefault(channels),
    appliedAt: [finest],
  });
  return {
    forward: (pyramid, training) => {
      const refined = refine.map((layer, index) =>
        alignedBilinear(layer(pyramid[index]!, training, 'relu'), 2 ** index),
      );
      const blocks = tower.map((layer) => (x: tf.Tensor4D) => layer(x, training, 'relu'));
      return inSequence(tf.addN(refined), [...blocks, output.forward]);
    },
  };
}
