import type { ImageLocation } from '../dataset.ts';
import type { PoolReport } from './pool-report.ts';

/** An image of a pool before it is read. */
export interface PoolEntry {
  /** Unique in its pool: the path of the file, or shard file / member for a tar shard. */
  readonly key: string;
  readonly location: ImageLocation;
  /** When the pool was listed; another size later is an error. */
  readonly sizeBytes?: number | undefined;
}

/** A part of a pool that one worker reads: plain data that can be written as JSON and sent anywhere. */
export interface PoolShard {
  /** `00000`, `00001`, ...: in key order, the same for the same pool and shard size. */
  readonly id: string;
  readonly entries: readonly PoolEntry[];
}

/** An image of a shard, or why it could not be read: the rest of the shard follows either way. */
export type PoolImage =
  | {
      readonly key: string;
      readonly location: ImageLocation;
      /** The encoded file. */
      readonly bytes: Uint8Array;
      /** `sha256:<hex>` of the bytes. */
      readonly digest: string;
      readonly error?: undefined;
    }
  | { readonly key: string; readonly location: ImageLocation; readonly error: Error };

/** Unlabeled images in a folder or in tar shards. */
export interface ImagePool {
  readonly uri: string;
  /** Every image in key order. */
  entries(): AsyncIterable<PoolEntry>;
  /** What it holds and what of it is not read; known once all of `entries()` was taken. */
  report(): PoolReport | undefined;
  /** The pool cut into shards of at most `imagesPerShard` images. */
  shards(options: { readonly imagesPerShard: number }): AsyncIterable<PoolShard>;
}
