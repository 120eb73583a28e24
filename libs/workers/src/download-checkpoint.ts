import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataLoss, notFound } from '@cassl/errors';
import type { Checkpoint } from '@cassl/proto';
import type { RegistryClient } from './registry-client.ts';

export interface DownloadCheckpointOptions {
  readonly registry: RegistryClient;
  /** Digest, leading hex digits of one, or alias. */
  readonly reference: string;
  /** Files are kept here under their digest; several processes may share it. */
  readonly cacheDir: string;
  readonly signal?: AbortSignal | undefined;
}

export interface DownloadedCheckpoint {
  readonly digest: string;
  /** The safetensors file. */
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

/**
 * The file of a checkpoint, from the cache or from the registry; an interrupted download goes on where it ended.
 * @throws NOT_FOUND for an unknown reference; DATA_LOSS where the bytes are not those of the digest
 */
export async function downloadCheckpoint(options: DownloadCheckpointOptions): Promise<DownloadedCheckpoint> {
  const { registry, reference, cacheDir, signal } = options;
  const { checkpoint } = await registry.getCheckpoint({ reference });
  if (checkpoint === undefined) throw notFound(`the registry has no checkpoint ${JSON.stringify(reference)}`);
  const { digest } = checkpoint;
  const path = join(cacheDir, `${digest}.safetensors`);
  if (await exists(path)) return { digest, path, checkpoint };
  await mkdir(cacheDir, { recursive: true });
  // Two processes must not write one file; what an earlier process left is not worth the lock that sharing it needs.
  const partial = `${path}.${process.pid}.part`;
  try {
    await fetchFile({ registry, digest, path: partial, signal });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return { digest, path, checkpoint };
}

interface FetchFile {
  readonly registry: RegistryClient;
  readonly digest: string;
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  /** Connections that may break before it gives up. */
  readonly attempts?: number;
}

/** Downloads to `path`, resuming after a broken connection, and checks the digest. */
export async function fetchFile({ registry, digest, path, signal, attempts = 5 }: FetchFile): Promise<void> {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  let offset = 0;
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const stream = registry.downloadCheckpoint({ reference: digest, offset }, callOptions(signal));
        for await (const { chunk } of stream) {
          await file.write(chunk);
          hash.update(chunk);
          offset += chunk.length;
        }
        break;
      } catch (error) {
        if (attempt === attempts || signal?.aborted === true) throw error;
      }
    }
  } finally {
    await file.close();
  }
  const found = hash.digest('hex');
  if (found !== digest) throw dataLoss(`checkpoint ${digest}: the ${offset} bytes received have the sha256 ${found}`);
}

function callOptions(signal: AbortSignal | undefined): { signal: AbortSignal } | { deadlineMs: number } {
  return signal === undefined ? { deadlineMs: Infinity } : { signal };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
