import {
  augmentPolicies,
  startBatchWorker,
  unreadableReport,
  type AugmentPolicy,
  type DropReport,
  type TrainingSet,
  type UnreadableImage,
} from '@cassl/datasets';
import {
  joinSurveys,
  type DetectorConfig,
  type PartSurvey,
  type PrepareBatchOptions,
  type TrainingBatch,
} from '@cassl/detector';
import { invalidArgument } from '@cassl/errors';
import { shareStep, type BatchRanks } from './share-step.ts';

export interface StreamBatchesOptions {
  readonly dataset: TrainingSet;
  readonly config: DetectorConfig;
  /** Images of a step, over all ranks. */
  readonly batchSize: number;
  /** Policy by name; empty means "weak". */
  readonly augmentation: string;
  readonly seed: number;
  /** Step of the first batch. */
  readonly from: number;
  readonly iterations: number;
  /** Told whenever more images turn out to be unreadable, to any rank. */
  readonly onUnreadable?: (report: DropReport) => Promise<void>;
  /** The ranks that share every batch; absent: all of it is for this process. */
  readonly ranks?: BatchRanks | undefined;
}

/** Decoded images that the ranks of one machine keep together. */
const CACHE_BYTES = 512 * 2 ** 20;

/**
 * Batches ready for the engine, made ahead in a thread of their own; the one of step i depends on seed and i alone. Ranks get a
 * part each, padded and drawn as in one process.
 */
export async function* streamBatches(options: StreamBatchesOptions): AsyncGenerator<TrainingBatch, void> {
  const { dataset, config, batchSize, seed, from, iterations, ranks } = options;
  const prepared = startBatchWorker<TrainingBatch>({
    dataset,
    batchSize,
    augment: checkPolicy(options.augmentation),
    size: canvasSize(options.augmentation, config),
    seed,
    totalBatches: iterations,
    aspectGrouping: false,
    masks: config.masks ? 'require' : 'drop',
    start: from,
    prepare: {
      module: import.meta.resolve('@cassl/detector/prepare-batch'),
      function: 'prepareBatch',
      config,
      ...(ranks !== undefined && { survey: 'surveyBatch' }),
    },
    ...(ranks !== undefined && sharedBy(ranks)),
  });
  try {
    const unreadable = new Map<number, UnreadableImage>();
    for await (const { batch, imageCount, unreadable: own } of prepared) {
      const step = ranks === undefined ? { batch, unreadable: own } : shareStep(ranks, batch, own);
      const known = unreadable.size;
      for (const image of step.unreadable) unreadable.set(image[0], image);
      if (unreadable.size > known) {
        await options.onUnreadable?.(unreadableReport(dataset, imageCount, [...unreadable.values()]));
      }
      yield step.batch;
    }
  } finally {
    await prepared.return();
  }
}

function sharedBy({ group }: BatchRanks): {
  part: { rank: number; size: number };
  cacheBytes: number;
  agree: (survey: unknown) => PrepareBatchOptions;
} {
  const { rank, size } = group;
  return {
    part: { rank, size },
    cacheBytes: CACHE_BYTES / size,
    agree: (survey) => ({ part: joinSurveys(group.gather(survey as PartSurvey), rank) }),
  };
}

/** Some policies measure the long side of a canvas, the others the short side. */
export function canvasSize(policy: string, config: DetectorConfig): number {
  return policy.startsWith('jitter') || policy === 'large-scale-jitter'
    ? config.resizeLongSide
    : config.resizeShortSide;
}

export function checkPolicy(name: string): AugmentPolicy {
  const policy = augmentPolicies.find((known) => known === (name === '' ? 'weak' : name));
  if (policy === undefined) {
    throw invalidArgument(
      `augmentation must be one of ${augmentPolicies.join(', ')}, got ${JSON.stringify(name)}`,
    );
  }
  return policy;
}
