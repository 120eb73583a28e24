import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CasslError, errorMessage } from '@cassl/errors';
import { damagedFile } from './damaged-file.ts';
import { parseRow, type LabelRow } from './label-row.ts';

/** A label file as text in memory. What a page shows of it are a few rows of hundreds, and only those are parsed. */
export interface LabelFileRows {
  /** Rows: one an image. */
  readonly count: number;
  /** Memory that it takes. */
  readonly bytes: number;
  /** @throws INVALID_ARGUMENT naming the line and its field; RangeError outside of the file */
  row(index: number): LabelRow;
}

const unzip = promisify(gunzip);
const NEWLINE = 10;
/** Unpacked: hundreds of times what a labeling writes, and what a few packed kilobytes can be made to hold. */
const MAX_BYTES = 2 ** 29;

/**
 * @param most bytes of the text @default 512 MiB
 * @throws DATA_LOSS where the file is cut off or no gzip, INVALID_ARGUMENT where it holds more
 */
export async function readLabelFileRows(
  bytes: AsyncIterable<Uint8Array>,
  name = 'label file',
  most = MAX_BYTES,
): Promise<LabelFileRows> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  const packed = Buffer.concat(parts);
  const limits = { chunkSize: chunkBytes(packed), maxOutputLength: most };
  const text = await unzip(packed, limits).catch((error: unknown) => {
    throw damagedFile(name, error);
  });
  const starts = startsOfLines(text);
  const count = starts.length - 1;
  return {
    count,
    bytes: text.byteLength,
    row(index) {
      const [start, end] = [starts[index], starts[index + 1]];
      if (start === undefined || end === undefined) throw new RangeError(`row ${index} of ${count}`);
      try {
        return parseRow(text.toString('utf8', start, end));
      } catch (error) {
        if (!(error instanceof CasslError)) throw error;
        throw new CasslError(error.code, `${name}, line ${index + 1}: ${errorMessage(error)}`, {
          cause: error,
        });
      }
    },
  };
}

/** Between what zlib takes at least for speed and what is given to bytes that nobody has checked yet. */
const [LEAST_CHUNK, MOST_CHUNK] = [1 << 14, 1 << 26];
const SIZE_BYTES = 4;

/** One chunk for all of it, so that no text is copied: gzip ends with the size of what it holds, which is a hint alone. */
function chunkBytes(packed: Buffer): number {
  if (packed.byteLength < SIZE_BYTES) return LEAST_CHUNK;
  const size = packed.readUInt32LE(packed.byteLength - SIZE_BYTES);
  return Math.max(LEAST_CHUNK, Math.min(size + 1, MOST_CHUNK));
}

/** Where each line starts, and behind them the end of the last one. */
function startsOfLines(text: Buffer): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) starts.push(at + 1);
  // The last line may have no end.
  if (starts.at(-1) !== text.byteLength) starts.push(text.byteLength);
  return starts;
}
