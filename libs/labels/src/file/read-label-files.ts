import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openRequestedStore } from '@cassl/storage';
import { decodeLabelFile } from './label-file.ts';
import type { LabelRecord } from './label-record.ts';

/** The records of label files at paths or `file://` and `s3://` addresses, in the order given. */
export async function* readLabelFiles(files: readonly string[]): AsyncGenerator<LabelRecord, void> {
  for (const file of files) {
    const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(file) ? file : pathToFileURL(resolve(file)).href;
    const name = basename(address);
    // Only file addresses are percent-encoded; an S3 key is taken literally.
    const key = address.startsWith('file:') ? decodeURIComponent(name) : name;
    yield* decodeLabelFile(openRequestedStore('label file', dirname(address), 'read').get(key), file);
  }
}
