import { Writable } from 'node:stream';
import { pieceBytes, type FilePiece } from '@cassl/checkpoints';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Blob, BlobRange } from '../../checkpoints/open-blob.ts';
import { readPiece, sendPieces } from './send-pieces.ts';

const STORED = Buffer.from(Array.from({ length: 200 }, (_, index) => index));

/** What was asked of the stored file. */
const asked: [number, number][] = [];
const range = ({ start = 0, end = STORED.length }: BlobRange): Buffer => {
  asked.push([start, end]);
  return STORED.subarray(start, end);
};
const blob: Blob = {
  digest: 'd'.repeat(64),
  sizeBytes: STORED.length,
  // In small pieces, as a store gives them.
  async *read(of = {}) {
    const bytes = range(of);
    for (let at = 0; at < bytes.length; at += 7) yield await Promise.resolve(bytes.subarray(at, at + 7));
  },
  sendTo(sink, of = {}) {
    sink.write(range(of));
    return Promise.resolve();
  },
};

const stored = (start: number, end: number): FilePiece => ({
  dtype: 'U8',
  shape: [end - start],
  origin: { start, end },
});
const reversed = (start: number, end: number): FilePiece => ({
  dtype: 'U8',
  shape: [end - start],
  origin: { start, end },
  change: (bytes) => Uint8Array.from(bytes).reverse(),
});
const held = (...values: number[]): FilePiece => ({
  dtype: 'U8',
  shape: [values.length],
  origin: Uint8Array.from(values),
});
const PIECES: readonly FilePiece[] = [
  Uint8Array.of(1, 2, 3),
  stored(10, 60),
  Uint8Array.of(),
  reversed(60, 90),
  held(7, 8, 9),
  stored(100, 101),
  Uint8Array.of(4),
];
const WHOLE = Buffer.concat([
  Buffer.of(1, 2, 3),
  STORED.subarray(10, 60),
  Buffer.from(STORED.subarray(60, 90)).reverse(),
  Buffer.of(7, 8, 9),
  STORED.subarray(100, 101),
  Buffer.of(4),
]);

class Sink extends Writable {
  readonly parts: Buffer[] = [];
  constructor(highWaterMark = 16) {
    super({ highWaterMark });
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.parts.push(Buffer.from(chunk));
    setImmediate(done);
  }
}

describe('a file of pieces', () => {
  it('is as long as its pieces', () => {
    expect(PIECES.reduce((sum, piece) => sum + pieceBytes(piece), 0)).toBe(WHOLE.length);
  });

  it('gives exactly the bytes of any range', async () => {
    const at = fc.nat(WHOLE.length);
    await fc.assert(
      fc.asyncProperty(at, at, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const sink = new Sink();
        await sendPieces(blob, PIECES, { start, end }, sink, new AbortController().signal);
        await new Promise<void>((resolve) => sink.end(resolve));
        expect(Buffer.concat(sink.parts)).toEqual(WHOLE.subarray(start, end));
      }),
    );
  });

  it('reads nothing of the store that its range does not need', async () => {
    asked.length = 0;
    await sendPieces(blob, PIECES, { start: 0, end: 5 }, new Sink(), new AbortController().signal);
    expect(asked).toEqual([[10, 12]]);
  });

  it('is read piece by piece too', async () => {
    const chunks: Uint8Array[] = [];
    for (const piece of PIECES) for await (const chunk of readPiece(blob, piece)) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(WHOLE);
  });

  it('is not waited with for a reader that went away', async () => {
    const gone = new AbortController();
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const sending = sendPieces(blob, PIECES, { start: 0, end: WHOLE.length }, stuck, gone.signal);
    gone.abort();
    await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
  });
});
