import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorMessage, notFound } from '@cassl/errors';
import { addressOf } from '../addresses.ts';

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
  const folder = fileURLToPath(store);
  await readdir(folder).catch((error: unknown) => {
    throw notFound(`images: cannot read the folder ${folder}: ${errorMessage(error)}`, { cause: error });
  });
  return {
    store,
    sizeOf: (key) =>
      stat(join(folder, key)).then(
        ({ size }) => size,
        () => undefined,
      ),
  };
}

/** Lists once: asking an object store for each of 100,000 images would take minutes. */
async function openObjectFolder(store: string): Promise<ImageFolder> {
  const { openStore } = await import('@cassl/storage');
  const sizes = new Map<string, number>();
  for await (const { key, sizeBytes } of openStore(store).list()) sizes.set(key, sizeBytes);
  return { store, sizeOf: (key) => Promise.resolve(sizes.get(key)) };
}
