import { CasslError } from '@cassl/errors';
import { DownloadCheckpointResponse, type DownloadCheckpointRequest } from '@cassl/proto';
import { encodedMessages } from '@cassl/rpc';
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
  const end = length === 0 ? sizeBytes : offset + length;
  if (offset === end) return;
  yield* encodedMessages<Partial<DownloadCheckpointResponse>>({
    head: headsFrom(offset),
    write: (sink) => blob.sendTo(sink, { start: offset, end, signal }),
    signal,
  });
}

/** Tag of the field `chunk`: number 2, of a length. */
const CHUNK_TAG = (2 << 3) | 2;

/** What comes before the bytes of each `DownloadCheckpointResponse`: its offset, and the start of its chunk. */
function headsFrom(offset: number): (bytes: number) => Uint8Array {
  let position = offset;
  return (bytes) => {
    const start = DownloadCheckpointResponse.fromPartial({ offset: position });
    position += bytes;
    return DownloadCheckpointResponse.encode(start).uint32(CHUNK_TAG).uint32(bytes).finish();
  };
}
