import type { Writable } from 'node:stream';
import { CasslError } from '@cassl/errors';
import type { Registry } from '../registry.ts';
import { wholeBlob } from './seal.ts';

export interface BlobRange {
  /** First byte, default 0. */
  readonly start?: number;
  /** One past the last byte; default the end. */
  readonly end?: number;
  readonly signal?: AbortSignal;
}

/** A checkpoint's file, found whole when it was opened; every read gives bytes of that version or throws DATA_LOSS. */
export interface Blob {
  readonly digest: string;
  readonly sizeBytes: number;
  /** @throws OUT_OF_RANGE unless 0 <= start <= end <= size */
  read(range?: BlobRange): AsyncIterable<Uint8Array>;
  /** Writes exactly the bytes of the range into a stream, with back pressure, and leaves it open; the fastest way out. */
  sendTo(sink: Writable, range?: BlobRange): Promise<void>;
}

/** @throws NOT_FOUND for an unknown checkpoint, DATA_LOSS for one whose file is missing or was changed */
export async function openBlob(registry: Registry, digest: string): Promise<Blob> {
  const { version, sizeBytes } = await wholeBlob(registry, digest);
  const checked = (range: BlobRange): { start: number; end: number; version: string } => {
    const { start = 0, end = sizeBytes } = range;
    const isInside =
      Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= sizeBytes;
    if (!isInside || start > end)
      throw new CasslError(
        'OUT_OF_RANGE',
        `bytes [${start}, ${end}) are outside the ${sizeBytes} of ${digest}`,
      );
    return { start, end, version };
  };
  return {
    digest,
    sizeBytes,
    read: (range = {}) => registry.blobs.read(digest, { ...checked(range), signal: range.signal }),
    sendTo: (sink, range = {}) =>
      registry.blobs.send(digest, sink, { ...checked(range), signal: range.signal }),
  };
}
