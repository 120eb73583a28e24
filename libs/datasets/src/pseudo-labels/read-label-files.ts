import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decodeLabelFile } from './label-file.ts';
import type { PseudoLabelRecord } from './pseudo-label-record.ts';

/** The records of label files at paths or `file://` and `s3://` addresses, in the order given. */
export async function* readLabelFiles(files: readonly string[]): AsyncGenerator<PseudoLabelRecord, void> {
  const { openStore } = await import('@cassl/storage');
  for (const file of files) {
    const uri = /^[a-z0-9+]+:\/\//i.test(file) ? file : pathToFileURL(resolve(file)).href;
    const store = openStore(dirname(uri));
    yield* decodeLabelFile(store.get(decodeURIComponent(basename(uri))), file);
  }
}
