import { createHash } from 'node:crypto';
import { dataLoss } from '@cassl/errors';
import { readBytes, type ObjectStore } from '@cassl/storage';
import { chunkKey, parseEntry, type ManifestEntry, type ShardRange } from './manifest-format.ts';

/**
 * The images of a shard.
 * @param pool address of the pool
 * @throws DATA_LOSS that names the file where its bytes are not those of its digest; NOT_FOUND where it is gone
 */
export async function readShardEntries(
  store: ObjectStore,
  pool: string,
  { chunkDigest, offset, count }: ShardRange,
): Promise<ManifestEntry[]> {
  const key = chunkKey(chunkDigest);
  const bytes = await readBytes(store, key);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (digest !== chunkDigest) {
    throw dataLoss(`pool manifest: ${key} in ${store.uri} was changed: its bytes have the digest ${digest}`);
  }
  const lines = Buffer.from(bytes).toString().split('\n');
  return lines.slice(offset, offset + count).map((line) => parseEntry(pool, line));
}
