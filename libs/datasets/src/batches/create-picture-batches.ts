import { errorMessage, failedPrecondition } from '@cassl/errors';
import { decodeImage, type RgbImage } from '@cassl/vision';
import type { PoolEntry } from '../pool/image-pool.ts';
import { readImageBytes } from '../read-image.ts';
import { createImageCache } from './image-cache.ts';
import { createImageOrder } from './image-order.ts';

/** An image without labels, at its place in the stream. */
export interface Picture {
  readonly key: string;
  readonly image: RgbImage;
  /** From 0, no two alike: what randomness for it is drawn from. */
  readonly position: number;
}

export interface PictureBatches {
  /** Batch `index` of the endless shuffled stream: a pure function of images, options and index. */
  at(index: number): Promise<readonly Picture[]>;
  /** Found so far, another took its place each time: key and reason. */
  readonly unreadable: ReadonlyMap<string, string>;
}

export interface CreatePictureBatchesOptions {
  readonly entries: readonly PoolEntry[];
  /** At least 1. */
  readonly batchSize: number;
  readonly seed: number;
  /** Decoded images kept in memory, bytes. @default 512 MiB */
  readonly cacheBytes?: number | undefined;
}

/** Shuffled images of a pool; `at` throws FAILED_PRECONDITION where none can be read. */
export function createPictureBatches(options: CreatePictureBatchesOptions): PictureBatches {
  const { entries, batchSize, seed, cacheBytes = 2 ** 29 } = options;
  const order = createImageOrder(entries.length, seed);
  const cache = createImageCache(cacheBytes);
  const unreadable = new Map<string, string>();

  const read = async (index: number): Promise<RgbImage | undefined> => {
    const { key, location } = entries[index]!;
    if (unreadable.has(key)) return undefined;
    try {
      return await cache.get(index, async () => decodeImage(await readImageBytes(location)));
    } catch (error) {
      unreadable.set(key, errorMessage(error));
      return undefined;
    }
  };

  /** The image at the position, or the next readable one: the same every time. */
  const pictureAt = async (position: number): Promise<Picture> => {
    const wanted = order.at(position);
    for (let step = 0; step < entries.length; step++) {
      const index = (wanted + step) % entries.length;
      const image = await read(index);
      if (image !== undefined) return { key: entries[index]!.key, image, position };
    }
    throw failedPrecondition(`none of the ${entries.length} unlabeled images can be read`);
  };

  return {
    at: (index) =>
      Promise.all(Array.from({ length: batchSize }, (_, slot) => pictureAt(index * batchSize + slot))),
    unreadable,
  };
}
