import { readdir } from 'node:fs/promises';
import { errorCode, errorMessage, notFound } from '@cassl/errors';
import { openRequestedStore, readablePath, type ObjectStore } from '@cassl/storage';
import { addressOf, plainKey } from '../addresses.ts';

/** A folder of files on disk or in an object store. */
export interface ImageFolder {
  /** Its address, for `ImageLocation.store`. */
  readonly store: string;
  /** Bytes of the file, undefined where there is none. */
  sizeOf(key: string): Promise<number | undefined>;
}

/** @throws NOT_FOUND where a folder on disk does not exist */
export async function openImageFolder(pathOrAddress: string): Promise<ImageFolder> {
  const store = addressOf(pathOrAddress);
  if (!store.startsWith('file:')) return openObjectFolder(store);
  const folder = await readablePath('images', store);
  await readdir(folder).catch((error: unknown) => {
    throw notFound(`images: cannot read the folder ${folder}: ${errorMessage(error)}`, { cause: error });
  });
  const files = openRequestedStore('images', store, 'read');
  return {
    store,
    sizeOf: (key) => sizeOf(files, key),
  };
}

/** A name that no store takes, for example one with a backslash, is a file that is not there. */
async function sizeOf(files: ObjectStore, key: string): Promise<number | undefined> {
  try {
    return (await files.head(plainKey(key)))?.sizeBytes;
  } catch (error) {
    if (errorCode(error) === 'INVALID_ARGUMENT') return undefined;
    throw error;
  }
}

/** Lists once: asking an object store for each of 100,000 images would take minutes. */
async function openObjectFolder(store: string): Promise<ImageFolder> {
  const sizes = new Map<string, number>();
  for await (const { key, sizeBytes } of openRequestedStore('images', store, 'read').list())
    sizes.set(key, sizeBytes);
  return { store, sizeOf: (key) => Promise.resolve(sizes.get(key)) };
}
