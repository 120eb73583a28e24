import { createHash } from 'node:crypto';
import type { ObjectStore } from '@cassl/storage';
import { encodeRows } from '../file/label-file.ts';
import { rowOf, type FailedImage, type LabelRecord } from '../file/label-record.ts';
import type { LabeledRow, LabelRow } from '../file/label-row.ts';
import type { LabelFileEntry } from './label-set-format.ts';
import { labelFileKey } from './label-set-keys.ts';
import { countRows } from './summarize-rows.ts';

export interface WriteLabelFileOptions {
  /** Threshold of the set that the file goes into. @default 0: every label counts */
  readonly threshold?: number | undefined;
  /** Index of its source in the set's header. @default 0 */
  readonly source?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the label file of one shard under the sha256 of its bytes and answers its line in the label set. Writing it again
 * changes nothing. The file (a few MB at 4,096 images) is held in memory, because its name is known only at its end.
 */
export async function writeLabelFile(
  store: ObjectStore,
  images: Iterable<LabelRecord | FailedImage | LabeledRow>,
  options: WriteLabelFileOptions = {},
): Promise<LabelFileEntry> {
  return writeRows(store, Array.from(images, rowOf), options);
}

/** As {@link writeLabelFile}, from rows at hand. */
export async function writeRows(
  store: ObjectStore,
  rows: Iterable<LabelRow> | AsyncIterable<LabelRow>,
  { threshold = 0, source = 0, signal }: WriteLabelFileOptions = {},
): Promise<LabelFileEntry> {
  const counter = countRows(threshold);
  async function* counted(): AsyncGenerator<LabelRow> {
    for await (const row of rows) {
      counter.add(row);
      yield row;
    }
  }
  const hash = createHash('sha256');
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeRows(counted())) {
    hash.update(chunk);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const digest = `sha256:${hash.digest('hex')}`;
  await store.put(labelFileKey(digest), bytes, {
    sizeBytes: bytes.length,
    ...(signal === undefined ? {} : { signal }),
  });
  return { digest, bytes: bytes.length, source, ...counter.summary() };
}
