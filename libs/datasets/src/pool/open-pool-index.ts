import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openStore } from '@cassl/storage';
import { addressOf } from '../addresses.ts';
import { shardRange, type ManifestEntry } from './manifest-format.ts';
import { readShardEntries } from './read-manifest.ts';
import { writeManifest } from './write-manifest.ts';

/** The images of a pool by number, in key order: their list lies on disk, nothing of it in memory. */
export interface PoolIndex {
  readonly length: number;
  /** Reads about a tenth of a megabyte. @throws RangeError for an index that the pool does not have */
  at(index: number): Promise<ManifestEntry>;
}

export interface OpenPoolIndexOptions {
  /** Use at most this many images, in key order. @default all */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists a pool into a folder. Where it stands there already, it is not listed again: what goes on sees the pool that it began with.
 * @throws as `openImagePool` does
 */
export async function openPoolIndex(
  uri: string,
  folder: string,
  { limit, signal }: OpenPoolIndexOptions = {},
): Promise<PoolIndex> {
  const pool = addressOf(uri);
  const name = createHash('sha256')
    .update(JSON.stringify([pool, limit]))
    .digest('hex')
    .slice(0, 16);
  const store = openStore(pathToFileURL(join(folder, name)).href);
  const { manifest } = await writeManifest(store, { uri: pool, imagesPerShard: 1, limit, signal });
  return {
    length: manifest.images,
    async at(index) {
      if (!Number.isInteger(index) || index < 0 || index >= manifest.images) {
        throw new RangeError(`image pool: there is no image ${index} of ${manifest.images}`);
      }
      const [entry] = await readShardEntries(store, pool, shardRange(manifest, index));
      return entry!;
    },
  };
}
