import { readShard, type PoolEntry, type PoolImage } from '@cassl/datasets';
import { errorCode, errorMessage, isCasslError, outlook } from '@cassl/errors';
import type { InferMetadata } from '@cassl/inference';
import { createPipeline, MOST_WAITING_BATCHES, type BatchModel } from '@cassl/inference/pipeline';
import type { FailedImage, LabeledRow, LabelRecord } from '@cassl/labels';
import { USUAL_BATCH, type InferenceOptions } from '@cassl/workers/inference-options';

/** The images of a shard and what to find in them. */
export interface ShardImages {
  readonly entries: readonly PoolEntry[];
  readonly options: InferenceOptions;
  /** Images of one forward pass, at most. @default 8 */
  readonly maxBatch?: number;
  /** Pixels that are decoded at the same time, at most. @default 128e6 */
  readonly decodePixels?: number;
  /** Told once of every image that went through the network. */
  readonly onLabeled?: (how: InferMetadata) => void;
  /** Labels that were made before, by key: taken as they are where their image has the same bytes. @default none */
  readonly known?: ReadonlyMap<string, LabeledRow>;
}

/** What labels. */
export interface ShardTeacher {
  /** As the label set names it. */
  readonly digest: string;
  readonly model: BatchModel;
}

/** One row for each image, in the order of the shard. */
export type ShardLabels = readonly (LabelRecord | FailedImage | LabeledRow)[];

/** Beside the images that wait for company: a batch in the network and one that is decoded meanwhile. */
const BATCHES_UNDER_WAY = MOST_WAITING_BATCHES + 2;

/**
 * Labels the images of a shard: reading, decoding, the network and what follows it, each beside the others, in full batches that are the
 * same ones every time. An image that cannot be read is a row with its reason and never fails the shard.
 * @throws UNAVAILABLE or DEADLINE_EXCEEDED where the store of the images is away
 */
export async function labelShard(
  { model, digest: checkpoint }: ShardTeacher,
  { entries, options, maxBatch = USUAL_BATCH, decodePixels = 128e6, onLabeled, known }: ShardImages,
  signal: AbortSignal,
): Promise<ShardLabels> {
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  const pipeline = createPipeline(model, { maxBatch, decodePixels, batching: 'full' });
  const labelOf = async (image: PoolImage): Promise<ShardLabels[number]> => {
    if (image.error !== undefined) return failed(image, image.error);
    const { key, location, digest, bytes } = image;
    const before = known?.get(key);
    // The pool may have moved since.
    if (before?.sha256 === digest) return { ...before, location };
    const item = { image: { kind: 'encoded', bytes }, options, priority: 1, expiresAt: Infinity } as const;
    const answer = await pipeline.submit(item, either).catch((error: unknown) => undecodable(image, error));
    if ('failure' in answer) return answer;
    onLabeled?.(answer.metadata);
    const { width, height, detections } = answer;
    const { threshold } = options;
    return { key, digest, location, width, height, detections, checkpoint, threshold };
  };

  const rows: Promise<ShardLabels[number]>[] = [];
  const underWay = new Set<Promise<unknown>>();
  try {
    for await (const image of readShard({ entries }, { signal: either })) {
      const row = labelOf(image);
      rows.push(row);
      const settled: Promise<unknown> = row
        .catch((error: unknown) => failing.abort(error))
        .finally(() => underWay.delete(settled));
      underWay.add(settled);
      if (underWay.size >= BATCHES_UNDER_WAY * maxBatch) await Promise.race(underWay);
    }
    pipeline.flush();
    return await Promise.all(rows);
  } finally {
    pipeline.flush();
    await pipeline.idle();
  }
}

function undecodable(image: PoolImage, error: unknown): FailedImage {
  if (errorCode(error) !== 'INVALID_ARGUMENT') throw error;
  return failed(image, error);
}

/** The row of an image that cannot be read; throws what is no fault of the image. */
function failed({ key, location }: PoolImage, error: unknown): FailedImage {
  if (!isCasslError(error) || outlook(errorCode(error)) === 'outage') throw error;
  return { key, location, failure: { code: errorCode(error), message: errorMessage(error) } };
}
