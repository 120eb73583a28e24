import { loadImage, type Dataset, type LabeledImage } from '@cassl/datasets';
import { openEngine } from '@cassl/engine';
import { errorMessage, failedPrecondition, isCasslError } from '@cassl/errors';
import { readLabels } from '@cassl/labels';
import type { Category } from '@cassl/proto';
import type { Detection, RgbImage } from '@cassl/vision';
import { downloadCheckpoint } from '@cassl/rpc';
import { detectWithOptions, openModel } from '@cassl/workers';
import { USUAL_BATCH, USUAL_OPTIONS } from '@cassl/workers/inference-options';
import type { EvaluateOptions } from './evaluate-options.ts';

/** What was found in one labeled image. */
export interface DetectedImage {
  readonly image: LabeledImage;
  readonly detections: readonly Detection[];
  /** Why the image could not be read; its objects count as missed. */
  readonly unreadable?: string;
}

/** Detections to measure, and who made them. */
export interface Findings {
  /** Every image of the data set once. */
  readonly images: () => AsyncIterable<DetectedImage>;
  /** By `Detection.category`; one for class-agnostic findings. */
  readonly categories: readonly Category[];
  readonly hasMasks: boolean;
  /** Empty for label files. */
  readonly checkpointDigest: string;
}

/** Runs the checkpoint of the specification over the data set. @throws NOT_FOUND for an unknown checkpoint */
export async function detectDataset(options: EvaluateOptions, dataset: Dataset): Promise<Findings> {
  const { spec, registry, cacheDir, logger } = options;
  const { checkpoint, path } = await downloadCheckpoint({
    client: registry,
    reference: spec.checkpoint,
    cacheDir,
  });
  await openEngine({ logger });
  const model = await openModel(checkpoint, path);
  const hasMasks = model.detector.config.masks;
  const limits = {
    ...USUAL_OPTIONS,
    masks: hasMasks,
    nonOverlap: spec.nonOverlap,
  };

  const read = async (image: LabeledImage): Promise<RgbImage | string> => {
    try {
      return await loadImage(image);
    } catch (error) {
      if (!isCasslError(error)) throw error;
      const reason = errorMessage(error);
      logger.warn({ image: image.key, reason }, 'an image cannot be read');
      return reason;
    }
  };
  async function* images(): AsyncGenerator<DetectedImage> {
    for (let start = 0; start < dataset.images.length; start += USUAL_BATCH) {
      const batch = dataset.images.slice(start, start + USUAL_BATCH);
      const decoded = await Promise.all(batch.map(read));
      const readable = decoded.filter((image) => typeof image !== 'string');
      const found = await detectWithOptions(model, readable, limits);
      let next = 0;
      for (const [index, image] of batch.entries()) {
        const read = decoded[index];
        if (typeof read === 'string') yield { image, detections: [], unreadable: read };
        else yield { image, detections: found[next++] ?? [] };
      }
    }
  }
  return { images, categories: model.categories, hasMasks, checkpointDigest: checkpoint.digest };
}

/**
 * Labels from label files or label sets; an image that none names has none.
 * @throws FAILED_PRECONDITION where no file names any image of the data set
 */
export async function readLabelFiles(uris: readonly string[], dataset: Dataset): Promise<Findings> {
  const byKey = new Map<string, readonly Detection[]>();
  for await (const { key, detections } of readLabels(uris)) byKey.set(key, detections);
  const named = dataset.images.filter(({ key }) => byKey.has(key)).length;
  if (named === 0) {
    throw failedPrecondition(
      `none of the ${byKey.size} labeled images is in the data set; are the images' keys its file names?`,
    );
  }
  const labels = [...byKey.values()].flat();
  const hasMasks = labels.length > 0 && labels.every(({ mask }) => mask !== undefined);
  async function* images(): AsyncGenerator<DetectedImage> {
    for (const image of dataset.images)
      yield await Promise.resolve({ image, detections: byKey.get(image.key) ?? [] });
  }
  return { images, categories: [{ id: 1, name: 'object' }], hasMasks, checkpointDigest: '' };
}
