import { errorMessage, failedPrecondition } from '@cassl/errors';
import { decodeImage, type RgbImage } from '@cassl/vision';
import type { PoolIndex } from '../pool/open-pool-index.ts';
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
  readonly pool: Pick<PoolIndex, 'length' | 'at'>;
  /** At least 1. */
  readonly batchSize: number;
  readonly seed: number;
  /** Decoded images kept in memory, bytes. @default 512 MiB */
  readonly cacheBytes?: number | undefined;
}

/** Shuffled images of a pool; `at` throws FAILED_PRECONDITION where none can be read. */
export function createPictureBatches(options: CreatePictureBatchesOptions): PictureBatches {
  const { pool, batchSize, seed, cacheBytes = 2 ** 29 } = options;
  const order = createImageOrder(pool.length, seed);
  const cache = createImageCache(cacheBytes);
  const unreadable = new Map<string, string>();

  const read = async (index: number): Promise<{ key: string; image: RgbImage } | undefined> => {
    const { key, location } = await pool.at(index);
    if (unreadable.has(key)) return undefined;
    try {
      return { key, image: await cache.get(index, async () => decodeImage(await readImageBytes(location))) };
    } catch (error) {
      unreadable.set(key, errorMessage(error));
      return undefined;
    }
  };

  /** The image at the position, or the next readable one: the same every time. */
  const pictureAt = async (position: number): Promise<Picture> => {
    const wanted = order.at(position);
    for (let step = 0; step < pool.length; step++) {
      const found = await read((wanted + step) % pool.length);
      if (found !== undefined) return { ...found, position };
    }
    throw failedPrecondition(`none of the ${pool.length} unlabeled images can be read`);
  };

  return {
    at: (index) =>
      Promise.all(Array.from({ length: batchSize }, (_, slot) => pictureAt(index * batchSize + slot))),
    unreadable,
  };
}
