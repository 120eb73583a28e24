import { locationOf } from '../addresses.ts';
import { decodeLabelFile } from './label-file.ts';
import type { PseudoLabelRecord } from './pseudo-label-record.ts';

/** The records of label files at paths or `file://` and `s3://` addresses, in the order given. */
export async function* readLabelFiles(files: readonly string[]): AsyncGenerator<PseudoLabelRecord, void> {
  const { openStore } = await import('@cassl/storage');
  for (const file of files) {
    const { store, key } = locationOf(file);
    yield* decodeLabelFile(openStore(store).get(key), file);
  }
}
