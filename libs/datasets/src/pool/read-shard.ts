import { createHash } from 'node:crypto';
import { failedPrecondition } from '@cassl/errors';
import { readImageBytes } from '../read-image.ts';
import type { PoolEntry, PoolImage, PoolShard } from './image-pool.ts';

export interface ReadShardOptions {
  /** Images read ahead of the caller. @default 8 */
  readonly readAhead?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The images of a shard in its order, encoded; one that cannot be read comes with its error instead of its bytes. */
export async function* readShard(
  { entries }: Pick<PoolShard, 'entries'>,
  { readAhead = 8, signal }: ReadShardOptions = {},
): AsyncGenerator<PoolImage, void> {
  const reading: Promise<PoolImage>[] = [];
  for (const [index, entry] of entries.entries()) {
    signal?.throwIfAborted();
    reading.push(readEntry(entry));
    if (index >= readAhead) yield await reading.shift()!;
  }
  for (const image of reading) {
    signal?.throwIfAborted();
    yield await image;
  }
}

/** Never rejects. */
async function readEntry({ key, location, sizeBytes }: PoolEntry): Promise<PoolImage> {
  try {
    const bytes = await readImageBytes(location);
    if (sizeBytes !== undefined && bytes.length !== sizeBytes) {
      throw failedPrecondition(
        `image ${key}: has ${bytes.length} bytes, but ${sizeBytes} when the pool was listed: it was changed since`,
      );
    }
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    return { key, location, bytes, digest };
  } catch (error) {
    return { key, location, error: error instanceof Error ? error : new Error(String(error)) };
  }
}
