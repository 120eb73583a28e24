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
import { sendByHttp } from './send-by-http.ts';

export interface PublishCheckpointFileOptions {
  readonly client: Pick<RpcClient<RegistryServiceDefinition>, 'publishCheckpoint' | 'getUpload'> & {
    /** Where it is; without it nothing is sent by HTTP. */
    readonly address?: string;
  };
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
  const sizeBytes = await checkpointFileSize(file);
  const digest = await sha256Hex(createReadStream(file, { signal }));
  for (let attempt = 1; ; attempt++) {
    try {
      const { receivedBytes, published, http } = await client.getUpload({ digest, sizeBytes }, { signal });
      const known = published ? sizeBytes : receivedBytes;
      const isSent = http !== undefined && known < sizeBytes && (await sendByHttp(options, http, known));
      const offset = isSent ? sizeBytes : await continueAt(options, digest, known, http !== undefined);
      return await client.publishCheckpoint(uploadParts(options, digest, sizeBytes, offset), { signal });
    } catch (error) {
      if (signal.aborted || attempt === MAX_ATTEMPTS || !RETRIED.has(errorCode(error))) throw error;
      await sleep(RETRY_MS * attempt, undefined, { signal });
    }
  }
}

/** What an upload by HTTP that broke off left counts for the one by gRPC. */
async function continueAt(
  { client, signal }: PublishCheckpointFileOptions,
  digest: string,
  known: number,
  wasTried: boolean,
): Promise<number> {
  if (!wasTried) return known;
  const { receivedBytes } = await client.getUpload({ digest }, signal === undefined ? {} : { signal });
  return receivedBytes;
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

/**
 * Bytes of a file that can be published.
 * @throws NOT_FOUND; INVALID_ARGUMENT for what is no file
 */
export async function checkpointFileSize(file: string): Promise<number> {
  const stats = await stat(file).catch((cause: unknown) => {
    throw notFound(`checkpoint file ${file} does not exist`, { cause });
  });
  if (!stats.isFile()) throw invalidArgument(`checkpoint file ${file} is not a file`);
  return stats.size;
}

async function sha256Hex(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}
