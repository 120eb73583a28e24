import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pieceBytes, type FilePiece, type LazyTensor } from '@cassl/checkpoints';
import type { Blob } from '../../checkpoints/open-blob.ts';
import type { Range } from '../http/parse-range.ts';

/** Writes a range of a file that is planned as pieces: stored bytes go out as they are, others are made one tensor at a time. */
export async function sendPieces(
  blob: Blob,
  pieces: readonly FilePiece[],
  { start, end }: Range,
  sink: Writable,
  signal: AbortSignal,
): Promise<void> {
  let position = 0;
  for (const piece of pieces) {
    const size = pieceBytes(piece);
    const from = Math.max(start - position, 0);
    const to = Math.min(end - position, size);
    position += size;
    if (from < to) await sendPart(blob, piece, { start: from, end: to }, sink, signal);
    if (position >= end) return;
  }
}

async function sendPart(
  blob: Blob,
  piece: FilePiece,
  { start, end }: Range,
  sink: Writable,
  signal: AbortSignal,
): Promise<void> {
  const stored = storedRange(piece);
  if (stored !== undefined) {
    await blob.sendTo(sink, { start: stored.start + start, end: stored.start + end, signal });
    return;
  }
  const bytes = await wholePiece(blob, piece, signal);
  if (!sink.write(bytes.subarray(start, end))) await once(sink, 'drain', { signal });
}

/** All bytes of a piece, as they come. */
export async function* readPiece(
  blob: Blob,
  piece: FilePiece,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stored = storedRange(piece);
  if (stored === undefined) yield await wholePiece(blob, piece, signal);
  else yield* blob.read({ ...stored, ...(signal === undefined ? {} : { signal }) });
}

/** Where a piece is stored unchanged. */
function storedRange(piece: FilePiece): Range | undefined {
  if (piece instanceof Uint8Array || piece.change !== undefined) return undefined;
  return piece.origin instanceof Uint8Array ? undefined : piece.origin;
}

async function wholePiece(blob: Blob, piece: FilePiece, signal?: AbortSignal): Promise<Uint8Array> {
  if (piece instanceof Uint8Array) return piece;
  const origin = await originOf(blob, piece, signal);
  return piece.change === undefined ? origin : piece.change(origin);
}

async function originOf(blob: Blob, { origin }: LazyTensor, signal?: AbortSignal): Promise<Uint8Array> {
  if (origin instanceof Uint8Array) return origin;
  const bytes = new Uint8Array(origin.end - origin.start);
  let filled = 0;
  for await (const chunk of blob.read({ ...origin, ...(signal === undefined ? {} : { signal }) })) {
    bytes.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return bytes;
}
