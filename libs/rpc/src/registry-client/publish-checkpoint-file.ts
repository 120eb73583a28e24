import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, invalidArgument, notFound } from '@cassl/errors';
import type {
  Manifest,
  PublishCheckpointRequest,
  PublishCheckpointResponse,
  RegistryServiceDefinition,
} from '@cassl/proto';
import type { RpcClient } from '../create-client.ts';

export interface PublishCheckpointFileOptions {
  readonly client: Pick<RpcClient<RegistryServiceDefinition>, 'publishCheckpoint' | 'getUpload'>;
  /** Path of the safetensors file. */
  readonly file: string;
  readonly manifest: Partial<Manifest>;
  readonly signal?: AbortSignal;
  /** Called with the bytes the registry has; the total is the file's size. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

/**
 * The contract allows 1 MiB; a quarter keeps more of the stream's window busy. The encoder's memory doubles: with its tag
 * and length a message just fits 256 KiB.
 */
const CHUNK_BYTES = 256 * 1024 - 16;
const MAX_ATTEMPTS = 10;
const RETRY_MS = 500;
/** ABORTED: the registry has not noticed yet that the broken upload is over. */
const RETRIED = new Set(['UNAVAILABLE', 'ABORTED', 'CANCELLED', 'DEADLINE_EXCEEDED']);

/**
 * Publishes a checkpoint, in constant memory, going on where a broken upload ended. Publishing the same file again sends
 * nothing.
 * @throws what the registry answers, for example INVALID_ARGUMENT for a file that is not safetensors
 */
export async function publishCheckpointFile(
  options: PublishCheckpointFileOptions,
): Promise<PublishCheckpointResponse> {
  const { file, client, signal = new AbortController().signal } = options;
  const sizeBytes = await sizeOf(file);
  const digest = await sha256Hex(createReadStream(file, { signal }));
  for (let attempt = 1; ; attempt++) {
    try {
      const { receivedBytes, published } = await client.getUpload({ digest }, { signal });
      const offset = published ? sizeBytes : receivedBytes;
      return await client.publishCheckpoint(uploadParts(options, digest, sizeBytes, offset), { signal });
    } catch (error) {
      if (signal.aborted || attempt === MAX_ATTEMPTS || !RETRIED.has(errorCode(error))) throw error;
      await sleep(RETRY_MS * attempt, undefined, { signal });
    }
  }
}

async function* uploadParts(
  { file, manifest, onProgress }: PublishCheckpointFileOptions,
  digest: string,
  sizeBytes: number,
  offset: number,
): AsyncGenerator<{ part: PublishCheckpointRequest['part'] }> {
  const whole = manifest as Manifest;
  yield { part: { $case: 'start', value: { digest, sizeBytes, manifest: whole, offset } } };
  if (offset >= sizeBytes) return;
  let sent = offset;
  for await (const chunk of createReadStream(file, { start: offset, highWaterMark: CHUNK_BYTES })) {
    const value = chunk as Buffer;
    yield { part: { $case: 'chunk', value } };
    sent += value.length;
    onProgress?.(sent, sizeBytes);
  }
}

async function sizeOf(file: string): Promise<number> {
  const stats = await stat(file).catch((cause: unknown) => {
    throw notFound(`checkpoint file ${file} does not exist`, { cause });
  });
  if (!stats.isFile()) throw invalidArgument(`checkpoint file ${file} is not a file`);
  return stats.size;
}

export async function sha256Hex(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}
