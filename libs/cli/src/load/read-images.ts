import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidArgument } from '@cassl/errors';

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|heic)$/i;

/** The images of a folder, in the order of their names, at most `most`. @throws INVALID_ARGUMENT where there is none */
export async function readImages(folder: string, most: number): Promise<Uint8Array[]> {
  const names = (await readdir(folder)).filter((name) => IMAGE.test(name)).sort();
  if (names.length === 0)
    throw invalidArgument(`--images: ${folder} holds no image (JPEG, PNG, WebP, GIF, TIFF, HEIC)`);
  return Promise.all(names.slice(0, most).map((name) => readFile(join(folder, name))));
}
