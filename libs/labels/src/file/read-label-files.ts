import { openRequestedStore, splitAddress } from '@cassl/storage';
import { addressOf } from './address-of.ts';
import { decodeLabelFile, decodeRows } from './label-file.ts';
import type { LabelRecord } from './label-record.ts';
import type { LabelRow } from './label-row.ts';

/** The records of label files at paths or `file://` and `s3://` addresses, in the order given. */
export async function* readLabelFiles(files: readonly string[]): AsyncGenerator<LabelRecord, void> {
  for (const file of files) yield* decodeLabelFile(bytesOf(file), file);
}

/** As {@link readLabelFiles}: every row, masks as text. */
export async function* readLabelRows(files: readonly string[]): AsyncGenerator<LabelRow, void> {
  for (const file of files) yield* decodeRows(bytesOf(file), file);
}

function bytesOf(file: string): AsyncIterable<Uint8Array> {
  const { folder, name } = splitAddress('label file', addressOf(file));
  return openRequestedStore('label file', folder, 'read').get(name);
}
