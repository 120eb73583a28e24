import { CasslError, notFound } from '@cassl/errors';
import type { DownloadCheckpointRequest, DownloadCheckpointResponse } from '@cassl/proto';
import { contentKey } from '@cassl/storage';
import { readCheckpoint } from './read-checkpoints.ts';
import type { Registry } from '../registry.ts';
import { resolveReference } from '../aliases/resolve-reference.ts';

const CHUNK_BYTES = 256 * 1024;

/** Streams a file from an offset; digest and size come with the first message, which may carry no bytes. */
export async function* downloadCheckpoint(
  registry: Registry,
  { reference, offset }: DownloadCheckpointRequest,
  signal: AbortSignal,
): AsyncGenerator<Partial<DownloadCheckpointResponse>> {
  const digest = await resolveReference(registry, reference);
  const checkpoint = await readCheckpoint(registry.db, digest);
  if (checkpoint === undefined) throw notFound(`checkpoint ${digest} was deleted`);
  const { sizeBytes } = checkpoint;
  if (offset > sizeBytes) {
    throw new CasslError(
      'OUT_OF_RANGE',
      `offset must be 0 to ${sizeBytes}, the size of ${digest}, got ${offset}`,
    );
  }
  yield { offset, digest, sizeBytes, chunk: Buffer.alloc(0) };
  let position = offset;
  for await (const bytes of registry.blobs.get(contentKey(`sha256:${digest}`), { start: offset, signal })) {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, bytes.length - start);
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset + start, length);
      yield { offset: position, chunk };
      position += chunk.length;
    }
  }
}
