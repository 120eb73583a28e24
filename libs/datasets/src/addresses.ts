import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { folderAddress, splitAddress } from '@cassl/storage';
import type { ImageLocation } from './dataset.ts';

/** The `file://` or `s3://` address of a path; an address stays as it is. */
export function addressOf(pathOrAddress: string): string {
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(pathOrAddress);
  return isAddress ? folderAddress(pathOrAddress) : pathToFileURL(resolve(pathOrAddress)).href;
}

/**
 * A file's place: the store is its folder, the key its name.
 * @param field the request's field, for messages
 * @throws INVALID_ARGUMENT for what is not the address of a file, wrong %-escapes included
 */
export function locationOf(field: string, pathOrAddress: string): ImageLocation {
  const { folder, name } = splitAddress(field, addressOf(pathOrAddress));
  return { store: folder, key: name };
}

/** The key of a file on disk without the empty and `.` segments that data sets write (`./images//a.jpg`). */
export function plainKey(key: string): string {
  return key
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');
}

/** True for a relative key that stays inside its store. */
export function isInsideKey(key: string): boolean {
  return key !== '' && !key.startsWith('/') && !key.split('/').includes('..');
}
