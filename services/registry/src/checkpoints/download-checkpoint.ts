import { CasslError } from '@cassl/errors';
import type { DownloadCheckpointRequest, DownloadCheckpointResponse } from '@cassl/proto';
import { resolveReference } from '../aliases/resolve-reference.ts';
import type { Registry } from '../registry.ts';
import { openBlob } from './open-blob.ts';

/** Streams a file's range; digest and size come with the first message, which carries no bytes. */
export async function* downloadCheckpoint(
  registry: Registry,
  { reference, offset, length }: DownloadCheckpointRequest,
  signal: AbortSignal,
): AsyncGenerator<Partial<DownloadCheckpointResponse>> {
  const digest = await resolveReference(registry, reference);
  const blob = await openBlob(registry, digest);
  const { sizeBytes } = blob;
  if (offset > sizeBytes || length > sizeBytes - offset) {
    throw new CasslError(
      'OUT_OF_RANGE',
      `offset and length must stay within the ${sizeBytes} bytes of ${digest}, got ${offset} and ${length}`,
    );
  }
  yield { offset, digest, sizeBytes, chunk: Buffer.alloc(0) };
  let position = offset;
  const end = length === 0 ? sizeBytes : offset + length;
  for await (const bytes of blob.read({ start: offset, end, signal })) {
    yield { offset: position, chunk: bytes as Buffer };
    position += bytes.byteLength;
  }
}
