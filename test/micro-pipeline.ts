import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateScenes } from '@cassl/datasets';
import { LabelMapping, LabeledDataset, PipelineSpec, type StageSpec } from '@cassl/proto';

export interface MicroData {
  readonly labeled: LabeledDataset;
  readonly validation: LabeledDataset;
  readonly unlabeledTruth: LabeledDataset;
  /** Address of the pool. */
  readonly pool: string;
  readonly poolSize: number;
}

const POOL_SIZE = 48;

/** A few tiny scenes: enough to go through every stage, far too few to learn from. */
export async function makeMicroData(folder: string): Promise<MicroData> {
  await generateScenes({ out: folder, labeled: 12, unlabeled: POOL_SIZE, val: 6, size: 64, seed: 7 });
  const uri = (path: string): string => pathToFileURL(join(folder, path)).href;
  const split = (name: string): LabeledDataset =>
    LabeledDataset.fromPartial({
      annotationsUri: uri(`annotations/instances_${name}.json`),
      imagesUri: uri(name),
      labels: LabelMapping.LABEL_MAPPING_CATEGORY,
    });
  return {
    labeled: split('train2017'),
    validation: split('val2017'),
    unlabeledTruth: split('unlabeled2017'),
    pool: uri('unlabeled2017'),
    poolSize: POOL_SIZE,
  };
}

/** A detector that a few steps can run in a second. */
export const MICRO_MODEL = {
  preset: 'tiny',
  overrides: {
    backboneWidths: [16, 16, 32, 32],
    pyramidChannels: 16,
    towerConvolutions: 1,
    maskChannels: 8,
    resizeShortSide: 64,
    resizeLongSide: 64,
    // Nothing is learned in a few steps: then every score is near the prior.
    priorProbability: 0.3,
  },
};

export function microStage(iterations: number): StageSpec {
  return {
    schedule: {
      iterations,
      batchSize: 4,
      learningRate: 1e-3,
      weightDecay: 0.05,
      warmupIterations: 2,
      decay: 'DECAY_COSINE',
      milestones: [],
      optimizer: 'OPTIMIZER_ADAMW',
      clipNorm: 0,
      inheritedRate: 0,
    },
    augmentation: 'jitter',
    model: undefined,
  };
}

/** All stages, one seed, with the threshold chosen on held-out images. */
export function microPipeline(
  data: MicroData,
  outputUri: string,
  changes: Partial<PipelineSpec> = {},
): PipelineSpec {
  return {
    ...PipelineSpec.fromPartial({
      name: 'micro',
      labeled: data.labeled,
      unlabeled: { uri: data.pool, limit: 0 },
      validation: data.validation,
      unlabeledTruth: data.unlabeledTruth,
      model: MICRO_MODEL,
      labeler: microStage(6),
      warmup: microStage(6),
      finetune: microStage(4),
      holdoutFraction: 0.25,
      shardSize: 4,
      outputUri,
    }),
    ...changes,
  };
}
