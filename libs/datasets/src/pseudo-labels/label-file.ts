import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { CasslError, dataLoss, errorMessage } from '@cassl/errors';
import { recordFromLine, recordToLine, type PseudoLabelRecord } from './pseudo-label-record.ts';

/** The gzip bytes of a label file, one JSON line per image; the same records give the same bytes. */
export function encodeLabelFile(
  records: Iterable<PseudoLabelRecord> | AsyncIterable<PseudoLabelRecord>,
): AsyncIterable<Uint8Array> {
  async function* lines(): AsyncGenerator<string> {
    for await (const record of records) yield `${recordToLine(record)}\n`;
  }
  const gzip = createGzip();
  Readable.from(lines())
    .on('error', (error) => gzip.destroy(error))
    .pipe(gzip);
  return gzip;
}

/**
 * The records of a label file, read as a stream.
 * @throws INVALID_ARGUMENT naming the line and its field; DATA_LOSS where the file is cut off or no gzip.
 */
export async function* decodeLabelFile(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  name = 'label file',
): AsyncGenerator<PseudoLabelRecord, void> {
  const source = bytes instanceof Uint8Array ? [bytes] : bytes;
  const gunzip = createGunzip();
  // An error of the source must end the lines too, not only the pipe.
  Readable.from(source)
    .on('error', (error) => gunzip.destroy(error))
    .pipe(gunzip);
  let number = 0;
  try {
    for await (const line of linesOf(gunzip)) {
      number++;
      yield recordFromLine(line);
    }
  } catch (error) {
    const place = `${name}, line ${number}: ${errorMessage(error)}`;
    if (error instanceof CasslError) throw new CasslError(error.code, place, { cause: error });
    throw dataLoss(`${name}: is cut off or damaged: ${errorMessage(error)}`, { cause: error });
  } finally {
    gunzip.destroy();
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
