import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataLoss, errorCode, internal } from '@cassl/errors';
import type { Checkpoint, RegistryServiceDefinition } from '@cassl/proto';
import type { RpcClient } from '../create-client.ts';

export interface DownloadCheckpointOptions {
  readonly client: Pick<RpcClient<RegistryServiceDefinition>, 'getCheckpoint' | 'downloadCheckpoint'>;
  /** A digest, at least 8 leading hex digits of one, or an alias. */
  readonly reference: string;
  /** Shared by all who download; one file per checkpoint. */
  readonly cacheDir: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (receivedBytes: number, totalBytes: number) => void;
}

export interface DownloadedCheckpoint {
  /** The safetensors file. Never change it: others use it too. */
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

const MAX_ATTEMPTS = 10;
/** Bytes spoiled on the way are rare; spoiled twice, they were so before. */
const MAX_DAMAGED = 2;
const RETRY_MS = 500;

/**
 * Brings a checkpoint into a local cache, in constant memory, and verifies its sha256. A broken download goes on where it
 * ended, also after this process was killed; a checkpoint in the cache is not downloaded again.
 * @throws NOT_FOUND for an unknown reference, DATA_LOSS when the bytes are not those of the digest
 */
export async function downloadCheckpoint(options: DownloadCheckpointOptions): Promise<DownloadedCheckpoint> {
  const { client, reference, cacheDir, signal = new AbortController().signal } = options;
  const { checkpoint } = await client.getCheckpoint({ reference }, { signal });
  if (checkpoint === undefined) throw internal(`the registry answered nothing for ${reference}`);
  const { digest, sizeBytes } = checkpoint;
  const path = join(cacheDir, `${digest}.safetensors`);
  if ((await sizeIfThere(path)) === sizeBytes) return { path, checkpoint };

  await mkdir(cacheDir, { recursive: true });
  const part = await claimPart(cacheDir, digest);
  for (let attempt = 1; ; attempt++) {
    const before = (await sizeIfThere(part)) ?? 0;
    try {
      await fetchRest({ ...options, signal }, checkpoint, part);
      await rename(part, path);
      return { path, checkpoint };
    } catch (error) {
      const code = errorCode(error);
      const isWrongHere = isWrongBytes(error);
      if (isWrongHere) await rm(part, { force: true });
      const isFurther = ((await sizeIfThere(part)) ?? 0) > before;
      // A registry that says its own file is damaged will say so again.
      const isTransient = code === 'UNAVAILABLE' || (isWrongHere && attempt < MAX_DAMAGED);
      if (signal.aborted || !isTransient || (attempt >= MAX_ATTEMPTS && !isFurther)) {
        await release(part, cacheDir, digest);
        throw error;
      }
      await sleep(RETRY_MS * Math.min(attempt, 10), undefined, { signal });
    }
  }
}

async function fetchRest(
  options: DownloadCheckpointOptions & { readonly signal: AbortSignal },
  { digest, sizeBytes }: Checkpoint,
  part: string,
): Promise<void> {
  const { client, signal, onProgress } = options;
  const hash = createHash('sha256');
  const file = await open(part, 'a');
  try {
    let received = (await file.stat()).size;
    if (received > sizeBytes) {
      await file.truncate(0);
      received = 0;
    }
    // What an earlier process left is trusted only after it went through the hash.
    if (received > 0) for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
    if (received < sizeBytes) {
      for await (const { chunk } of client.downloadCheckpoint(
        { reference: digest, offset: received },
        { signal },
      )) {
        hash.update(chunk);
        await writeAll(file, chunk);
        received += chunk.length;
        onProgress?.(received, sizeBytes);
      }
    }
    const actual = hash.digest('hex');
    if (actual !== digest) {
      throw dataLoss(
        `checkpoint ${digest}: ${received} of ${sizeBytes} bytes received, with sha256 ${actual}`,
        { details: { isWrongBytes: true } },
      );
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

function isWrongBytes(error: unknown): boolean {
  return (error as { details?: { isWrongBytes?: boolean } }).details?.isWrongBytes === true;
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    done += (await file.write(chunk, done, chunk.length - done)).bytesWritten;
  }
}

/**
 * Two processes must not write one part file: each works on a name of its own, `<digest>.<pid>.<uuid>.part`. An unfinished
 * one whose process is gone, or that was given back as `<digest>.part`, is taken over by renaming it.
 */
async function claimPart(cacheDir: string, digest: string): Promise<string> {
  const mine = join(cacheDir, `${digest}.${process.pid}.${randomUUID()}.part`);
  const names = (await readdir(cacheDir)).filter(
    (name) => name.startsWith(`${digest}.`) && name.endsWith('.part'),
  );
  for (const name of names) {
    const pid = Number(name.split('.')[1]);
    if (Number.isInteger(pid) && isAlive(pid)) continue;
    try {
      await rename(join(cacheDir, name), mine);
      return mine;
    } catch {
      // Another process was faster.
    }
  }
  return mine;
}

async function release(part: string, cacheDir: string, digest: string): Promise<void> {
  await rename(part, join(cacheDir, `${digest}.part`)).catch(() => undefined);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
