import { readShard, type PoolEntry, type PoolImage } from '@cassl/datasets';
import { errorCode, errorMessage, isCasslError, outlook } from '@cassl/errors';
import type { FailedImage, LabelRecord } from '@cassl/labels';
import { decodeImage, type RgbImage } from '@cassl/vision';
import { detectWithOptions, type InferenceOptions, type OpenModel } from '@cassl/workers';

/** The images of a shard and what to find in them. */
export interface ShardImages {
  readonly entries: readonly PoolEntry[];
  readonly options: InferenceOptions;
}

/** One row for each image, in the order of the shard. */
export type ShardLabels = readonly (LabelRecord | FailedImage)[];

const BATCH = 8;

type Readable = Extract<PoolImage, { error?: undefined }> & { readonly image: RgbImage };

/**
 * Labels the images of a shard. One that cannot be read is a row with its reason and never fails the shard.
 * @throws UNAVAILABLE or DEADLINE_EXCEEDED where the store of the images is away
 */
export async function labelShard(
  model: OpenModel,
  { entries, options }: ShardImages,
  signal: AbortSignal,
): Promise<ShardLabels> {
  const rows: (LabelRecord | FailedImage)[] = [];
  let batch: { readonly at: number; readonly image: Readable }[] = [];

  const label = async (): Promise<void> => {
    const images = batch.map(({ image }) => image.image);
    const found = await detectWithOptions(model, images, options);
    batch.forEach(({ at, image: { key, digest, location, image } }, index) => {
      const { width, height } = image;
      const detections = found[index] ?? [];
      const { digest: checkpoint } = model;
      rows[at] = {
        key,
        digest,
        location,
        width,
        height,
        detections,
        checkpoint,
        threshold: options.threshold,
      };
    });
    batch = [];
  };
  let at = 0;
  for await (const entry of readShard({ entries }, { signal })) {
    const decoded = await decode(entry);
    if ('failure' in decoded) rows[at] = decoded;
    else batch.push({ at, image: decoded });
    at += 1;
    if (batch.length >= BATCH) await label();
  }
  if (batch.length > 0) await label();
  return rows;
}

async function decode(entry: PoolImage): Promise<Readable | FailedImage> {
  const { key, location } = entry;
  try {
    if (entry.error !== undefined) throw entry.error;
    return { ...entry, image: await decodeImage(entry.bytes) };
  } catch (error) {
    if (!isCasslError(error) || outlook(errorCode(error)) === 'outage') throw error;
    return { key, location, failure: { code: errorCode(error), message: errorMessage(error) } };
  }
}
