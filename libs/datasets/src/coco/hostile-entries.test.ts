import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { toJson, type CocoId } from '@cassl/coco';
import { encodeJpeg } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../dataset.ts';
import { openCocoDataset } from './open-coco-dataset.ts';

let root: string;
let count = 0;
const [width, height] = [40, 30];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-hostile-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Labeled {
  readonly name: unknown;
  /** Where its file is, if anywhere. */
  readonly file?: string;
}

/** A folder of images with one label each. */
async function open(
  images: readonly Labeled[],
  { categoryId = 1, annotationId }: { categoryId?: CocoId; annotationId?: (index: number) => unknown } = {},
): Promise<Dataset> {
  const folder = join(root, String(count++));
  const photo = await encodeJpeg({ width, height, data: new Uint8Array(width * height * 3).fill(90) });
  for (const { file } of images) {
    if (file === undefined) continue;
    await mkdir(dirname(join(folder, 'images', file)), { recursive: true });
    await writeFile(join(folder, 'images', file), photo);
  }
  const ids = images.map((_, index) => index + 1);
  const document = {
    images: images.map(({ name }, index) => ({ id: ids[index], file_name: name, width, height })),
    annotations: ids.map((id, index) => ({
      id: annotationId === undefined ? id : annotationId(index),
      image_id: id,
      category_id: categoryId,
      bbox: [5, 5, 10, 10],
      area: 100,
      iscrowd: 0,
    })),
    categories: [{ id: categoryId, name: 'pump' }],
  };
  await mkdir(join(folder, 'images'), { recursive: true });
  await writeFile(join(folder, 'labels.json'), toJson(document));
  return openCocoDataset({ annotations: join(folder, 'labels.json'), images: join(folder, 'images') });
}

describe('names of images', () => {
  it('that Windows wrote are read with slashes, and that is told', async () => {
    const { images, report } = await open([
      { name: 'day\\one\\p.jpg', file: 'day/one/p.jpg' },
      { name: 'q.jpg', file: 'q.jpg' },
    ]);
    expect(images.map(({ key }) => key)).toEqual(['day/one/p.jpg', 'q.jpg']);
    expect(report.reasons).toEqual([
      {
        reason: 'file_name has backslashes: read as slashes',
        what: 'image',
        outcome: 'repaired',
        count: 1,
        examples: ['image 1 (day\\one\\p.jpg)'],
      },
    ]);
  });

  it.each<[unknown, RegExp]>([
    ['win\\gone.jpg', /^file is missing; backslashes were read as slashes/],
    ['gone.jpg', /^file is missing$/],
    ['..\\..\\q.jpg', /^file_name leaves the image folder$/],
    ['../q.jpg', /^file_name leaves the image folder$/],
    ['/etc/q.jpg', /^file_name leaves the image folder$/],
    ['https://host/q.jpg', /^file_name is an address/],
    ['new\nline.jpg', /^file_name is no name of a file here$/],
    [null, /^file_name is missing or no text$/],
    [7, /^file_name is missing or no text$/],
    ['', /^file_name is missing or no text$/],
  ])('%j are dropped for the reason that is true', async (name, reason) => {
    const { report } = await open([{ name }, { name: 'q.jpg', file: 'q.jpg' }]);
    expect(report.images).toEqual({ listed: 2, kept: 1 });
    const [first] = report.reasons.filter(({ what }) => what === 'image');
    expect(first!.reason).toMatch(reason);
    expect(first!.examples[0]).not.toContain('\n');
  });

  it('are told in the order of the file, however long each is read', async () => {
    const { report } = await open(Array.from({ length: 5 }, (_, i) => ({ name: `gone${i}.jpg` })));
    const [missing] = report.reasons.filter(({ what }) => what === 'image');
    expect(missing!.examples.map((text) => /gone\d/.exec(text)![0])).toEqual(
      Array.from({ length: 5 }, (_, i) => `gone${i}`),
    );
  });
});

describe('ids', () => {
  it.each<CocoId>([9007199254740993n, -9007199254740993n, 18446744073709551615n, 'pump', 0, -1])(
    'of categories are kept exactly: %s',
    async (categoryId) => {
      const { images, categories } = await open([{ name: 'q.jpg', file: 'q.jpg' }], { categoryId });
      expect(categories[0]!.sourceIds).toEqual([categoryId]);
      expect(images[0]!.instances).toHaveLength(1);
    },
  );

  it.each([true, 0.5, { $oid: '5f' }, ['x']])(
    'of annotations that are none (%j) cost no label',
    async (id) => {
      const files = ['a.jpg', 'b.jpg'].map((name) => ({ name, file: name }));
      const { report } = await open(files, { annotationId: () => id });
      expect(report.annotations).toEqual({ listed: 2, kept: 2 });
      expect(report.reasons.map(({ reason }) => reason)).toEqual([
        'id is neither a whole number nor a text: kept without it',
      ]);
    },
  );
});
