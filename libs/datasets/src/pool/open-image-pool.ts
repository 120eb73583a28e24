import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { addressOf } from '../addresses.ts';
import type { ImagePool, PoolEntry, PoolShard } from './image-pool.ts';
import { listPool } from './list-pool.ts';
import { describePool, PoolCounter, type PoolReport } from './pool-report.ts';

export interface OpenImagePoolOptions {
  /** Use at most this many images, in key order. @default all */
  readonly limit?: number | undefined;
}

/**
 * Opens a pool of unlabeled images: every image file under the folder, and every image inside its `.tar` files
 * (WebDataset shards). Other files are passed over, and counted by reason in its report.
 * @param uri `file:///folder`, `s3://bucket/prefix` or a path.
 * @throws INVALID_ARGUMENT for another scheme; FAILED_PRECONDITION where there is no image.
 */
export async function openImagePool(
  uri: string,
  { limit = Infinity }: OpenImagePoolOptions = {},
): Promise<ImagePool> {
  const address = addressOf(uri);
  let report: PoolReport | undefined;
  async function* entries(): AsyncGenerator<PoolEntry> {
    const counter = new PoolCounter();
    let count = 0;
    for await (const { items } of listPool(address)) {
      for (const item of items) {
        if (item.reason !== undefined) counter.pass(item.key, item.reason);
        else {
          if (count++ >= limit) return;
          counter.keep();
          yield { key: item.key, location: item.location };
        }
      }
    }
    report = counter.report();
  }
  for await (const _ of entries()) break;
  if (report !== undefined) {
    throw failedPrecondition(`image pool: ${uri} holds no image that can be read: ${describePool(report)}`);
  }
  return {
    uri: address,
    entries,
    shards: ({ imagesPerShard }) => cutShards(entries(), imagesPerShard),
    report: () => report,
  };
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
