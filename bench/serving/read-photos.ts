import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const PHOTOS = 64;
const shared = process.env['CASSL_SHARED'] ?? '../shared';

/** Photos of many sizes. */
export async function readPhotos(): Promise<Uint8Array[]> {
  const folder = join(shared, 'data/coco-mini/train2017');
  const names = (await readdir(folder))
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .slice(0, PHOTOS);
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}
