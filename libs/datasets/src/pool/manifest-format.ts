import { dataLoss } from '@cassl/errors';
import type { PoolEntry } from './image-pool.ts';
import type { PoolReport } from './pool-report.ts';

// A manifest is the list of a pool's images as it was when a job began. Its chunks are JSON lines, one image each:
// [key, bytes] for a file, [key, bytes, tar file, first byte] for a member. Chunks and the index are named by their sha256, and a shard
// never spans two chunks, so that a worker reads and verifies one small file.

export const MANIFEST_FORMAT = 'cassl-pool-manifest/1';

/** One file of a manifest. */
export interface ManifestChunk {
  /** `sha256:<hex>` of its bytes. */
  readonly digest: string;
  readonly images: number;
  readonly bytes: number;
}

/** What names a manifest's files and counts them: 110 bytes for each 4,096 images. */
export interface PoolManifest {
  readonly format: typeof MANIFEST_FORMAT;
  /** Address of the pool. */
  readonly uri: string;
  readonly images: number;
  readonly imagesPerShard: number;
  /** Shards in each chunk but the last. */
  readonly shardsPerChunk: number;
  readonly shards: number;
  readonly chunks: readonly ManifestChunk[];
  readonly report: PoolReport;
}

/** An image of a manifest: its size tells whether it was changed since. */
export type ManifestEntry = PoolEntry & { readonly sizeBytes: number };

/** Where a shard's images are listed. */
export interface ShardRange {
  readonly chunkDigest: string;
  /** First image in the chunk, 0-based. */
  readonly offset: number;
  readonly count: number;
}

const IMAGES_PER_CHUNK = 4096;

export function shardsPerChunk(imagesPerShard: number): number {
  return Math.max(1, Math.floor(IMAGES_PER_CHUNK / imagesPerShard));
}

/** @throws RangeError for a shard that the manifest does not have */
export function shardRange(manifest: PoolManifest, shard: number): ShardRange {
  const chunk = manifest.chunks[Math.floor(shard / manifest.shardsPerChunk)];
  const offset = (shard % manifest.shardsPerChunk) * manifest.imagesPerShard;
  if (chunk === undefined || offset >= chunk.images) throw new RangeError(`no shard ${shard}`);
  const count = Math.min(manifest.imagesPerShard, chunk.images - offset);
  return { chunkDigest: chunk.digest, offset, count };
}

export function chunkKey(digest: string): string {
  return `manifest/${digest.slice('sha256:'.length)}.jsonl`;
}

export function entryLine({ key, sizeBytes, location }: ManifestEntry): string {
  const line =
    location.range === undefined ? [key, sizeBytes] : [key, sizeBytes, location.key, location.range.start];
  return `${JSON.stringify(line)}\n`;
}

/** @throws DATA_LOSS */
export function parseEntry(store: string, line: string): ManifestEntry {
  const [key, sizeBytes, tar, start] = JSON.parse(line) as [string, number, string?, number?];
  if (typeof key !== 'string' || !Number.isSafeInteger(sizeBytes)) {
    throw dataLoss(`pool manifest: cannot read the line ${line.slice(0, 80)}`);
  }
  if (tar === undefined || start === undefined) return { key, sizeBytes, location: { store, key } };
  return { key, sizeBytes, location: { store, key: tar, range: { start, end: start + sizeBytes } } };
}
