import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { CasslError, errorMessage } from '@cassl/errors';
import { damagedFile } from './damaged-file.ts';
import { rowOf, recordOf, type FailedImage, type LabelRecord } from './label-record.ts';
import { isFailed, parseRow, type LabelRow } from './label-row.ts';
import { splitLines } from './text-lines.ts';

type Items<Item> = Iterable<Item> | AsyncIterable<Item>;

/** The gzip bytes of a label file, one JSON line per image; the same images give the same bytes. */
export function encodeLabelFile(images: Items<LabelRecord | FailedImage>): AsyncIterable<Uint8Array> {
  async function* rows(): AsyncGenerator<LabelRow> {
    for await (const image of images) yield rowOf(image);
  }
  return encodeRows(rows());
}

/** As {@link encodeLabelFile}, from rows at hand. */
export function encodeRows(rows: Items<LabelRow>): AsyncIterable<Uint8Array> {
  async function* lines(): AsyncGenerator<string> {
    for await (const row of rows) yield `${JSON.stringify(row)}\n`;
  }
  const gzip = createGzip();
  Readable.from(lines())
    .on('error', (error) => gzip.destroy(error))
    .pipe(gzip);
  return gzip;
}

/**
 * The labeled images of a label file, read as a stream; images that failed are passed over, {@link decodeRows} has them.
 * @throws INVALID_ARGUMENT naming the line and its field; DATA_LOSS where the file is cut off or no gzip.
 */
export async function* decodeLabelFile(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  name = 'label file',
): AsyncGenerator<LabelRecord, void> {
  yield* mapLines(bytes, name, (line) => {
    const row = parseRow(line);
    return isFailed(row) ? undefined : recordOf(row);
  });
}

/** Every row of a label file with its masks as text. @throws as {@link decodeLabelFile}. */
export async function* decodeRows(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  name = 'label file',
): AsyncGenerator<LabelRow, void> {
  yield* mapLines(bytes, name, parseRow);
}

/** Each chunk is a way to another thread and back. */
const CHUNK_BYTES = 1 << 18;

async function* mapLines<Result>(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  name: string,
  read: (line: string) => Result | undefined,
): AsyncGenerator<Result, void> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // An error of the source must end the lines too, not only the pipe.
  Readable.from(bytes instanceof Uint8Array ? [bytes] : bytes)
    .on('error', (error) => gunzip.destroy(error))
    .pipe(gunzip);
  let number = 0;
  try {
    for await (const line of splitLines(gunzip.setEncoding('utf8'))) {
      number++;
      const result = read(line);
      if (result !== undefined) yield result;
    }
  } catch (error) {
    const line = number === 0 ? name : `${name}, line ${number}`;
    const place = `${line}: ${errorMessage(error)}`;
    if (error instanceof CasslError) throw new CasslError(error.code, place, { cause: error });
    throw damagedFile(name, error);
  } finally {
    gunzip.destroy();
  }
}
