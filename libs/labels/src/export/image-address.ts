import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressIn } from '@cassl/storage';
import type { ImageLocation } from '../image-location.ts';

/** A URL of the object: percent-encoded for files; S3 keys are taken literally, as S3 tools do. */
export function imageAddress({ store, key }: ImageLocation): string {
  return addressIn(store, key);
}

/** The path of a whole file on disk; undefined for a tar member, for other stores and for a key that no file can have. */
export function imagePath({ store, key, range }: ImageLocation): string | undefined {
  if (range !== undefined || !store.startsWith('file:') || key.includes('\0')) return undefined;
  return join(fileURLToPath(store), key);
}
