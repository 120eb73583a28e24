import { totalmem } from 'node:os';
import { openRuntime, type FoundModel, type InferenceRuntime, type RuntimeLogger } from '@cassl/inference';
import type { FindCheckpoint } from '../find-checkpoint.ts';
import type { LabelerConfig } from '../config.ts';
import { runtimeOf } from './model-runtimes.ts';

const MEBIBYTE = 2 ** 20;
const MEGAPIXEL = 1e6;

/** The rest is for this process, label workers and the page cache. */
const SHARE_OF_MEMORY = 0.7;

export interface InferenceParts {
  readonly config: LabelerConfig;
  readonly findCheckpoint: FindCheckpoint;
  readonly logger: RuntimeLogger;
}

/** The labeler's resident models, found in the registry. */
export function openInference({ config, findCheckpoint, logger }: InferenceParts): InferenceRuntime {
  const inference = openRuntime({
    findModel: async (reference): Promise<FoundModel> => {
      const { checkpoint, path } = await findCheckpoint(reference);
      return {
        digest: checkpoint.digest,
        categories: checkpoint.manifest?.categories ?? [],
        sizeBytes: Number(checkpoint.sizeBytes),
        spec: {
          kind: 'detector',
          checkpoint,
          path,
          runtime: runtimeOf(config.modelRuntimes, reference),
        },
      };
    },
    budget: {
      bytes: config.modelMemoryMb === 0 ? SHARE_OF_MEMORY * usableMemory() : config.modelMemoryMb * MEBIBYTE,
      policy: config.modelPolicy,
    },
    limits: {
      images: config.maxQueuedImages,
      bytes: config.maxQueuedMb * MEBIBYTE,
      pixels: config.maxQueuedMegapixels * MEGAPIXEL,
    },
    maxBatch: config.batchSize,
    decodePixels: config.decodeMegapixels * MEGAPIXEL,
    loadTimeoutMs: config.modelLoadMs,
    hangMs: config.inferenceHangMs,
    logger,
  });
  for (const [name, trial] of Object.entries(config.trials)) inference.setTrial(name, trial);
  return inference;
}

/** The control group's limit, or the machine's memory. */
function usableMemory(): number {
  return Math.min(process.constrainedMemory() || Infinity, totalmem());
}
