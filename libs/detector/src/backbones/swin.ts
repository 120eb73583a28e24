/**
 * Swin Transformer (Liu et al. 2021, https://arxiv.org/abs/2103.14030) in its detection form, with the official
 * parameter names; method.md 3.2.
 *
 *   image ─ 4×4/4 patches ─ stage 1 ─ merge ─ stage 2 ─ merge ─ stage 3 ─ merge ─ stage 4
 *                             norm0             norm1             norm2             norm3
 *                             C2 (/4, E)        C3 (/8, 2E)       C4 (/16, 4E)      C5 (/32, 8E)
 *
 * Outputs leave a stage before its merging, through layer norms of their own that ImageNet checkpoints lack.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import type { DetectorConfig } from '../config.ts';
import { inSequence } from '../layers/in-sequence.ts';
import { recompute } from '../layers/recompute.ts';
import { withoutGradient } from '../layers/without-gradient.ts';
import { learnedUnder, type ParameterStore } from '../parameters.ts';
import { randomStream } from '../random.ts';
import type { Backbone, BackboneStage, ForwardContext } from './backbone.ts';
import { createSwinBlock, type SwinBlock } from './swin-block.ts';
import { createLayerNorm, createPatchEmbedding, createPatchMerging } from './swin-layers.ts';
import { withWindows } from './swin-windows.ts';

interface Figure {
  /** Channels of the first stage; each merging doubles them. */
  readonly width: number;
  /** Blocks per stage. */
  readonly depths: readonly number[];
  /** Attention heads of the first stage, doubled with the channels. */
  readonly heads: number;
}

const FIGURES: Readonly<Record<string, Figure>> = {
  'swin-t': { width: 96, depths: [2, 2, 6, 2], heads: 3 },
  'swin-s': { width: 96, depths: [2, 2, 18, 2], heads: 3 },
  'swin-b': { width: 128, depths: [2, 2, 18, 2], heads: 4 },
  'swin-l': { width: 192, depths: [2, 2, 18, 2], heads: 6 },
};

export function createSwin(store: ParameterStore, prefix: string, config: DetectorConfig): Backbone {
  const { width, depths, heads } = figureOf(config);
  const { window, frozenStages } = config;
  const embedding = createPatchEmbedding(store, `${prefix}patch_embed`, width, frozenStages < 1);
  const rates = dropPathRates(config.dropPath, depths);

  const stages = depths.map((depth, stage) => {
    const channels = width * 2 ** stage;
    const place = { channels, stride: 4 * 2 ** stage, trainable: frozenStages < stage + 2 };
    const name = `${prefix}layers.${stage}`;
    const blocks = Array.from({ length: depth }, (_, index) =>
      createSwinBlock(store, `${name}.blocks.${index}`, {
        ...place,
        heads: heads * 2 ** stage,
        window,
        isShifted: index % 2 === 1,
        dropPath: rates.shift()!,
      }),
    );
    const merge =
      stage < depths.length - 1 ? createPatchMerging(store, `${name}.downsample`, place) : undefined;
    const norm = createLayerNorm(store, `${prefix}norm${stage}`, channels);
    const learned = learnedUnder(store, `${name}.blocks.`);
    return { channels, blocks, merge, norm, learned, isFrozen: !place.trainable };
  });

  return {
    stages: stages.map(({ channels }, stage): BackboneStage => ({ level: stage + 2, channels })),
    forward: (images, context) => {
      let x = frozenStages > 0 ? withoutGradient(images, embedding) : embedding(images);
      return stages.map(({ blocks, merge, norm, learned, isFrozen }) => {
        // A stage that runs again in the backward pass must drop the same paths again.
        const seed = config.recompute ? Math.floor(context.random() * 2 ** 32) : 0;
        const run = (input: tf.Tensor4D): tf.Tensor4D =>
          runStage(
            blocks,
            input,
            window,
            config.recompute ? { ...context, random: randomStream(seed) } : context,
          );
        const again = config.recompute && context.training;
        const features = isFrozen ? withoutGradient(x, run) : again ? recompute(x, learned(), run) : run(x);
        if (merge !== undefined) x = isFrozen ? withoutGradient(features, merge) : merge(features);
        return norm(features);
      });
    },
  };
}

/** All blocks of a stage look at the same two partitions of its map into windows. */
function runStage(
  blocks: readonly SwinBlock[],
  features: tf.Tensor4D,
  window: number,
  context: ForwardContext,
): tf.Tensor4D {
  return withWindows(features, window, (partitions) =>
    inSequence(
      features,
      blocks.flatMap((block) => block(partitions, context)),
    ),
  );
}

function figureOf(config: DetectorConfig): Figure {
  const figure =
    config.backbone === 'swin-small'
      ? { width: config.backboneWidths![0]!, depths: config.backboneBlocks!, heads: config.attentionHeads }
      : FIGURES[config.backbone]!;
  if (figure.width % figure.heads !== 0) {
    throw invalidArgument(
      `DetectorConfig.attentionHeads ${figure.heads} does not divide the ${figure.width} channels of backboneWidths[0]`,
    );
  }
  return figure;
}

/** One rate per block of the whole network, linear from 0 to `rate`. */
export function dropPathRates(rate: number, depths: readonly number[]): number[] {
  const blocks = depths.reduce((sum, depth) => sum + depth, 0);
  return Array.from({ length: blocks }, (_, block) => (blocks === 1 ? 0 : (rate * block) / (blocks - 1)));
}
