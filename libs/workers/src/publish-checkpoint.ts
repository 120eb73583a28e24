import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { internal } from '@cassl/errors';
import type { Checkpoint, Manifest, PublishCheckpointRequest } from '@cassl/proto';
import type { RegistryClient } from './registry-client.ts';

export interface PublishCheckpointOptions {
  readonly registry: RegistryClient;
  /** The safetensors file. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly signal?: AbortSignal | undefined;
}

const CHUNK_BYTES = 1 << 20;

/** Uploads a file, from where an interrupted upload of the same bytes ended. Publishing it again is harmless. */
export async function publishCheckpoint(options: PublishCheckpointOptions): Promise<Checkpoint> {
  const { registry, path, manifest, signal } = options;
  const digest = await digestOf(path);
  const { size } = await stat(path);
  const { receivedBytes, published } = await registry.getUpload({ digest });
  const offset = published ? 0 : receivedBytes;
  const { checkpoint } = await registry.publishCheckpoint(
    parts({ path, offset, start: { digest, sizeBytes: size, manifest, offset } }),
    signal === undefined ? { deadlineMs: Infinity } : { signal },
  );
  if (checkpoint === undefined) throw internal('the registry answered without the checkpoint');
  return checkpoint;
}

interface Upload {
  readonly path: string;
  readonly offset: number;
  readonly start: Extract<NonNullable<PublishCheckpointRequest['part']>, { $case: 'start' }>['value'];
}

async function* parts({ path, offset, start }: Upload): AsyncGenerator<PublishCheckpointRequest> {
  yield { part: { $case: 'start', value: start } };
  for await (const chunk of createReadStream(path, { start: offset, highWaterMark: CHUNK_BYTES })) {
    yield { part: { $case: 'chunk', value: chunk as Buffer } };
  }
}

/** sha256 of a file, 64 hex digits. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
