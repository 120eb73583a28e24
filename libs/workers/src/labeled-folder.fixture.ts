/** A small COCO folder: every picture has one cat and one tree; a third category has nothing. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LabeledDataset } from '@cassl/proto';
import { encodeJpeg } from '@cassl/vision';
import { afterAll, beforeAll } from 'vitest';

const WIDTH = 64;
const HEIGHT = 48;
const CATEGORIES = [
  { id: 3, name: 'cat', supercategory: 'animal' },
  { id: 5, name: 'tree', supercategory: 'plant' },
  { id: 9, name: 'bird', supercategory: 'animal' },
];

export interface LabeledFolder {
  readonly path: string;
  readonly dataset: LabeledDataset;
}

/** Written before the tests of a file, removed after them. */
export function useLabeledFolder(count: number): LabeledFolder {
  let path = '';
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'cassl-workers-'));
    await mkdir(join(path, 'images'));
    const data = new Uint8Array(WIDTH * HEIGHT * 3).fill(90);
    const photo = await encodeJpeg({ width: WIDTH, height: HEIGHT, data });
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    for (const id of ids) await writeFile(join(path, 'images', `${id}.jpg`), photo);
    const box = (id: number, image: number, category: number, x: number): object => ({
      id,
      image_id: image,
      category_id: category,
      iscrowd: 0,
      bbox: [x, 8, 16, 16],
      area: 256,
      segmentation: [[x, 8, x + 16, 8, x + 16, 24, x, 24]],
    });
    const document = {
      images: ids.map((id) => ({ id, file_name: `${id}.jpg`, width: WIDTH, height: HEIGHT })),
      annotations: ids.flatMap((id) => [box(2 * id, id, 3, 8), box(2 * id + 1, id, 5, 40)]),
      categories: CATEGORIES,
    };
    await writeFile(join(path, 'labels.json'), JSON.stringify(document));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
    get dataset() {
      return LabeledDataset.fromPartial({
        annotationsUri: pathToFileURL(join(path, 'labels.json')).href,
        imagesUri: pathToFileURL(join(path, 'images')).href,
      });
    },
  };
}
