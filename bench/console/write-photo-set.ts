import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readImageSize } from '@cassl/vision';
import { writeSetOf, type PoolPicture } from './write-large-set.ts';

const FOLDERS = ['train2017', 'unlabeled2017', 'val2017'];
const source = join(process.env['CASSL_SHARED'] ?? '../shared', 'data/coco-mini');

/** A label set of real photos, another one in each image; undefined where there are none on this machine. */
export async function writePhotoSet(folder: string, images: number): Promise<string | undefined> {
  const found = FOLDERS.map((name) => join(source, name)).filter(existsSync);
  if (found.length === 0) return undefined;
  const pool = join(folder, 'photos');
  await mkdir(pool, { recursive: true });
  const files = (await Promise.all(found.map(photosIn))).flat().slice(0, images);
  const photos = await Promise.all(files.map((path) => bring(path, pool)));
  const pictureOf = (number: number): PoolPicture => photos[number % photos.length]!;
  return writeSetOf({ folder, pool, images: photos.length, pictureOf });
}

async function photosIn(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.jpg')).map((name) => join(folder, name));
}

/** Into the folder that the console may read. */
async function bring(path: string, pool: string): Promise<PoolPicture> {
  const key = basename(path);
  // A link takes no room; another file system has none of ours.
  await link(path, join(pool, key)).catch(() => copyFile(path, join(pool, key)));
  return { key, ...(await readImageSize(await readFile(path))) };
}
