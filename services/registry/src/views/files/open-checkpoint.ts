import {
  lazyTensorsOf,
  modelFacts,
  readSafetensorsHeader,
  type LazyState,
  type ModelFacts,
} from '@cassl/checkpoints';
import { notFound } from '@cassl/errors';
import type { Checkpoint } from '@cassl/proto';
import { openBlob, type Blob } from '../../checkpoints/open-blob.ts';
import { readCheckpoint } from '../../checkpoints/read-checkpoints.ts';
import type { ViewContext } from '../http/request.ts';

/** A checkpoint whose file can be laid out anew. */
export interface OpenCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly blob: Blob;
  readonly tensors: LazyState;
  readonly facts: ModelFacts;
}

/** Headers of checkpoints that were asked for last: they never change, and a 1,000-tensor one is 100 KB. */
const KEPT_HEADERS = 32;
const headers = new Map<string, LazyState>();

/** @throws NOT_FOUND for a checkpoint that was deleted, DATA_LOSS for one whose file is missing or was changed */
export async function openCheckpoint({ registry }: ViewContext, digest: string): Promise<OpenCheckpoint> {
  const checkpoint = await readCheckpoint(registry.db, digest);
  if (checkpoint === undefined) throw notFound(`checkpoint ${digest} was deleted`);
  const blob = await openBlob(registry, digest);
  const tensors = headers.get(digest) ?? (await readHeader(blob));
  headers.delete(digest);
  headers.set(digest, tensors);
  for (const oldest of headers.keys()) {
    if (headers.size <= KEPT_HEADERS) break;
    headers.delete(oldest);
  }
  return { checkpoint, blob, tensors, facts: modelFacts(checkpoint.manifest?.model) };
}

async function readHeader(blob: Blob): Promise<LazyState> {
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of blob.read({ start, end })) chunks.push(Uint8Array.from(chunk));
    return Buffer.concat(chunks);
  };
  const source = {
    name: blob.digest,
    sizeBytes: blob.sizeBytes,
    read,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return lazyTensorsOf(await readSafetensorsHeader(source));
}
