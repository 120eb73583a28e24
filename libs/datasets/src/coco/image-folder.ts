import { readdir } from 'node:fs/promises';
import { errorCode, errorMessage, notFound } from '@cassl/errors';
import { openRequestedStore, readablePath, type ObjectStore } from '@cassl/storage';
import { addressOf, plainKey } from '../addresses.ts';
import { fileKind } from '../pool/file-kind.ts';
import type { FoundImage, NoImage } from './found-image.ts';
import { listTarImages, type TarImages, type TarObject } from './tar-images.ts';

/** A folder of image files, of tar shards that hold them, or of both, on disk or in an object store. */
export interface ImageFolder {
  /** A file of that name; else the member of that name of one of the folder's tar files. */
  find(name: string): Promise<FoundImage | NoImage>;
}

/** @throws NOT_FOUND where a folder on disk does not exist */
export async function openImageFolder(pathOrAddress: string, signal?: AbortSignal): Promise<ImageFolder> {
  const address = addressOf(pathOrAddress);
  const files = openRequestedStore('images', address, 'read');
  const inside = address.startsWith('file:') ? await onDisk(files) : await listed(files, signal);
  let members: Promise<TarImages> | undefined;
  return {
    async find(name) {
      const sizeBytes = await inside.sizeOf(name);
      if (sizeBytes !== undefined) return { location: { store: address, key: name }, sizeBytes };
      // Their headers are read once, and only where a name needs them.
      members ??= listTarImages(files, await inside.tars(), signal);
      return (await members).find(plainKey(name));
    },
  };
}

interface Files {
  sizeOf(name: string): Promise<number | undefined>;
  tars(): Promise<readonly TarObject[]>;
}

async function onDisk(files: ObjectStore): Promise<Files> {
  const folder = await readablePath('images', files.uri);
  const names = await readdir(folder).catch((error: unknown) => {
    throw notFound(`images: cannot read the folder ${folder}: ${errorMessage(error)}`, { cause: error });
  });
  return {
    sizeOf: (name) => sizeOf(files, name),
    async tars() {
      const keys = names.filter((name) => fileKind(name).kind === 'tar').sort();
      return Promise.all(keys.map(async (key) => ({ key, sizeBytes: (await sizeOf(files, key)) ?? 0 })));
    },
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
async function listed(files: ObjectStore, signal: AbortSignal | undefined): Promise<Files> {
  const sizes = new Map<string, number>();
  const tars: TarObject[] = [];
  for await (const { key, sizeBytes } of files.list('', signal === undefined ? {} : { signal })) {
    sizes.set(key, sizeBytes);
    if (fileKind(key).kind === 'tar') tars.push({ key, sizeBytes });
  }
  return { sizeOf: (name) => Promise.resolve(sizes.get(name)), tars: () => Promise.resolve(tars) };
}
