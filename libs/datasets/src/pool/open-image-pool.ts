import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { openRequestedStore, type ObjectStore } from '@cassl/storage';
import { addressOf } from '../addresses.ts';
import type { ImagePool, PoolEntry, PoolShard } from './image-pool.ts';
import { isImageName, readTarMembers } from './tar-members.ts';

export interface OpenImagePoolOptions {
  /** Use at most this many images, in key order. @default all */
  readonly limit?: number | undefined;
}

/**
 * Opens a pool of unlabeled images: every image file under the folder, and every image inside its `.tar` files
 * (WebDataset shards). Other files are passed over.
 * @param uri `file:///folder`, `s3://bucket/prefix` or a path.
 * @throws INVALID_ARGUMENT for another scheme; FAILED_PRECONDITION where there is no image.
 */
export async function openImagePool(
  uri: string,
  { limit = Infinity }: OpenImagePoolOptions = {},
): Promise<ImagePool> {
  const store = openRequestedStore('image pool', addressOf(uri), 'read');
  async function* entries(): AsyncGenerator<PoolEntry> {
    let count = 0;
    for await (const entry of listEntries(store)) {
      if (count++ >= limit) return;
      yield entry;
    }
  }
  const first = await entries().next();
  if (first.done === true) {
    throw failedPrecondition(`image pool: ${store.uri} holds no image file and no tar file with images`);
  }
  return { uri: store.uri, entries, shards: ({ imagesPerShard }) => cutShards(entries(), imagesPerShard) };
}

async function* listEntries(store: ObjectStore): AsyncGenerator<PoolEntry> {
  for await (const { key, sizeBytes } of store.list()) {
    if (isImageName(key)) yield { key, location: { store: store.uri, key } };
    if (!key.endsWith('.tar')) continue;
    for await (const { name, start, end } of readTarMembers(store, key, sizeBytes)) {
      yield { key: `${key}/${name}`, location: { store: store.uri, key, range: { start, end } } };
    }
  }
}

async function* cutShards(
  entries: AsyncIterable<PoolEntry>,
  imagesPerShard: number,
): AsyncGenerator<PoolShard> {
  if (!Number.isInteger(imagesPerShard) || imagesPerShard < 1) {
    throw invalidArgument(
      `image pool: imagesPerShard must be a whole number from 1 on, got ${imagesPerShard}`,
    );
  }
  const next: PoolEntry[] = [];
  let count = 0;
  const shard = (): PoolShard => ({ id: String(count++).padStart(5, '0'), entries: next.splice(0) });
  for await (const entry of entries) {
    next.push(entry);
    if (next.length === imagesPerShard) yield shard();
  }
  if (next.length > 0) yield shard();
}
