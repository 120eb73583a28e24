import {
  augmentPolicies,
  startBatchWorker,
  type AugmentPolicy,
  type Dataset,
  type DropReport,
} from '@cassl/datasets';
import type { DetectorConfig, TrainingBatch } from '@cassl/detector';
import { invalidArgument } from '@cassl/errors';

export interface StreamBatchesOptions {
  readonly dataset: Dataset;
  readonly config: DetectorConfig;
  readonly batchSize: number;
  /** Policy by name; empty means "weak". */
  readonly augmentation: string;
  readonly seed: number;
  /** Step of the first batch. */
  readonly from: number;
  readonly iterations: number;
  /** Told whenever more images turn out to be unreadable. */
  readonly onUnreadable?: (report: DropReport) => Promise<void>;
}

/** Batches ready for the engine, made ahead in a thread of their own; the one of step i depends on seed and i alone. */
export async function* streamBatches(options: StreamBatchesOptions): AsyncGenerator<TrainingBatch, void> {
  const { dataset, config, batchSize, seed, from, iterations } = options;
  const prepared = startBatchWorker<TrainingBatch>({
    dataset,
    batchSize,
    augment: checkPolicy(options.augmentation === '' ? 'weak' : options.augmentation),
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
    },
  });
  try {
    let known = 0;
    for await (const { batch, report } of prepared) {
      const unreadable = report.reasons.reduce((sum, { count }) => sum + count, 0);
      if (unreadable > known) await options.onUnreadable?.(report);
      known = unreadable;
      yield batch;
    }
  } finally {
    await prepared.return();
  }
}

/** Some policies measure the long side of a canvas, the others the short side. */
function canvasSize(policy: string, config: DetectorConfig): number {
  return policy.startsWith('jitter') || policy === 'large-scale-jitter'
    ? config.resizeLongSide
    : config.resizeShortSide;
}

function checkPolicy(name: string): AugmentPolicy {
  const policy = augmentPolicies.find((known) => known === name);
  if (policy === undefined) {
    throw invalidArgument(
      `augmentation must be one of ${augmentPolicies.join(', ')}, got ${JSON.stringify(name)}`,
    );
  }
  return policy;
}
