import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeJpeg, encodePngIds, rleArea, type RgbImage } from '@cassl/vision';
import type { Dataset } from '../dataset.ts';
import { formatDropReport } from '../drop-report.ts';
import { loadImage } from '../read-image.ts';
import { openCocoDataset, type OpenCocoDatasetOptions } from './open-coco-dataset.ts';

let root: string;
let photo: Uint8Array;
const width = 40;
const height = 30;
const image = (id: number, fields: object = {}): object => ({
  id,
  file_name: `${id}.jpg`,
  width,
  height,
  ...fields,
});
const square = [[5, 5, 15, 5, 15, 15, 5, 15]];
const label = (id: number, fields: object = {}): object => ({
  id,
  image_id: 1,
  category_id: 3,
  iscrowd: 0,
  bbox: [5, 5, 10, 10],
  area: 100,
  segmentation: square,
  ...fields,
});
const categories = [
  { id: 3, name: 'cat', supercategory: 'animal' },
  { id: 7, name: 'dog', supercategory: 'animal' },
  { id: 9, name: 'cup', supercategory: 'thing' },
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-coco-'));
  await mkdir(join(root, 'images'));
  const pixels: RgbImage = { width, height, data: new Uint8Array(width * height * 3).fill(90) };
  photo = await encodeJpeg(pixels);
  for (const id of [1, 2, 3]) await writeFile(join(root, `images/${id}.jpg`), photo);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function open(
  document: object | string,
  options: Partial<OpenCocoDatasetOptions> = {},
): Promise<Dataset> {
  const path = join(root, 'labels.json');
  await writeFile(path, typeof document === 'string' ? document : JSON.stringify(document));
  return openCocoDataset({ annotations: path, images: join(root, 'images'), ...options });
}

const reasons = ({ report }: Dataset): Record<string, number> =>
  Object.fromEntries(report.reasons.map(({ reason, count }) => [reason, count]));

describe('openCocoDataset', () => {
  it('ends with the reason of its signal, in the middle of the files or before the first', async () => {
    const document = {
      images: Array.from({ length: 400 }, (_, index) => image(index, { file_name: '1.jpg' })),
      annotations: [],
      categories,
    };
    expect((await open(document)).images).toHaveLength(400);
    const stop = new AbortController();
    const reopen = (): Promise<Dataset> =>
      openCocoDataset({
        annotations: join(root, 'labels.json'),
        images: join(root, 'images'),
        check: 'decode',
        signal: stop.signal,
      });
    const opened = reopen();
    setImmediate(() => stop.abort(new Error('cancelled')));
    await expect(opened).rejects.toThrow('cancelled');
    await expect(reopen()).rejects.toThrow('cancelled');
  });

  it('reads boxes, masks, crowds and areas with contiguous categories', async () => {
    const dataset = await open({
      images: [image(1)],
      annotations: [label(1), label(2, { category_id: 9, iscrowd: 1, area: 55, segmentation: undefined })],
      categories,
    });
    expect(dataset.images[0]!.instances).toMatchObject([
      { box: [5, 5, 15, 15], category: 0, crowd: false, area: 100 },
      { box: [5, 5, 15, 15], category: 2, crowd: true, area: 55 },
    ]);
    expect(rleArea(dataset.images[0]!.instances[0]!.mask!)).toBe(100);
    expect(dataset.categories.map(({ name }) => name)).toEqual(['cat', 'dog', 'cup']);
    expect(dataset.report.reasons).toEqual([]);
    expect(await loadImage(dataset.images[0]!)).toMatchObject({ width, height });
  });

  it('merges classes into supercategories, or all of them into one', async () => {
    const document = {
      images: [image(1)],
      annotations: [label(1, { category_id: 7 }), label(2, { category_id: 9 })],
      categories,
    };
    const merged = await open(document, { labels: 'supercategory' });
    expect(merged.categories).toEqual([
      { index: 0, name: 'animal', sourceIds: [3, 7] },
      { index: 1, name: 'thing', sourceIds: [9] },
    ]);
    expect(merged.images[0]!.instances.map(({ category }) => category)).toEqual([0, 1]);
    const agnostic = await open(document, { labels: 'agnostic' });
    expect(agnostic.images[0]!.instances.map(({ category }) => category)).toEqual([0, 0]);
    expect(agnostic.categories).toEqual([{ index: 0, name: 'object', sourceIds: [3, 7, 9] }]);
    expect(agnostic.digest).not.toBe(merged.digest);
  });

  it('drops each bad annotation, says why, and keeps the rest', async () => {
    const dataset = await open({
      images: [image(1)],
      annotations: [
        label(1),
        label(2, { bbox: [5, 5, -1, 4] }),
        label(3, { bbox: [5, 5, 0, 4] }),
        label(4, { bbox: [5, null, 4, 4] }),
        label(5, { bbox: [50, 5, 4, 4] }),
        label(6, { category_id: 99 }),
        label(7, { image_id: 12 }),
        label(1),
        label(8, { segmentation: [[50, 5, 60, 5, 60, 15]] }),
        label(9, { segmentation: [[5, 5, 6, 6]] }),
        label(10, { segmentation: { size: [9, 9], counts: [81] } }),
        label(11, { segmentation: { size: [height, width], counts: [7] } }),
        label(12, { bbox: [35, 5, 10, 10] }),
      ],
      categories,
    });
    expect(reasons(dataset)).toEqual({
      'bbox has a negative width or height': 1,
      'bbox is empty': 1,
      'bbox is not four finite numbers': 1,
      'bbox is outside its image': 1,
      'category_id is not in categories': 1,
      'image_id is not in images': 1,
      'listed twice': 1,
      'segmentation has no pixel inside its image': 1,
      'segmentation has a polygon of fewer than three points': 1,
      'segmentation cannot be read: size is N x N, but its image is N x N': 1,
      'segmentation cannot be read: RLE runs add up to N pixels, but its size is N x N = N': 1,
      'bbox reaches beyond its image: clipped': 1,
    });
    expect(dataset.report.annotations).toEqual({ listed: 13, kept: 2 });
    expect(dataset.images[0]!.instances[1]!.box).toEqual([35, 5, 40, 15]);
    expect(formatDropReport(dataset.report)).toContain('annotation 6 of image 1: category_id 99');
  });

  it("reads Python's NaN and drops the box that holds it", async () => {
    const text = JSON.stringify({
      images: [image(1)],
      annotations: [label(1, { bbox: [1, 2, 3, 'NUM'] }), label(2)],
      categories: [{ id: 3, name: 'a "NaN" name', supercategory: 'NaN' }],
    });
    const dataset = await open(text.replace('"NUM"', 'NaN'));
    expect(reasons(dataset)).toEqual({ 'bbox is not four finite numbers': 1 });
    expect(dataset.categories[0]!.name).toBe('a "NaN" name');
  });

  it('drops images that are missing, empty, cut off, text or of another size, with their annotations', async () => {
    await writeFile(join(root, 'images/zero.jpg'), '');
    await writeFile(join(root, 'images/text.jpg'), 'this is a letter, not a photo');
    await writeFile(join(root, 'images/cut.jpg'), photo.subarray(0, Math.floor(photo.length * 0.7)));
    await writeFile(join(root, 'images/bomb.png'), pngBomb(30_000));
    const named = (id: number, file_name: string): object => image(id, { file_name });
    const document = {
      images: [
        image(1),
        named(4, 'gone.jpg'),
        named(5, 'zero.jpg'),
        named(6, 'text.jpg'),
        named(7, 'cut.jpg'),
        named(8, 'bomb.png'),
        image(2, { width: 80 }),
        image(1),
        named(9, '../../etc/passwd'),
        image(3, { height: 0 }),
      ],
      annotations: [label(1), label(2, { image_id: 4 }), label(3, { image_id: 7 })],
      categories,
    };
    const dataset = await open(document, { check: 'decode' });
    expect(dataset.images.map(({ id }) => id)).toEqual([1]);
    expect(reasons(dataset)).toEqual({
      'file is not a readable image': 4,
      'file is missing': 1,
      'file has another size than its labels': 1,
      'id occurs twice': 1,
      'file_name leaves the image folder': 1,
      'width or height is not a positive whole number': 1,
      'its image was dropped': 2,
    });
    expect(dataset.report.images).toEqual({ listed: 10, kept: 1 });
    const examples = dataset.report.reasons.flatMap((entry) => entry.examples).join('\n');
    expect(examples).toMatch(/bomb\.png.*900000000 pixels/);
    expect(examples).toMatch(/zero\.jpg.*no bytes/);
  });

  it('names the file and the field where the structure is not COCO’s', async () => {
    const good = { images: [], annotations: [], categories: [] };
    await expect(open('{')).rejects.toThrow(/labels\.json: is not JSON/);
    await expect(open('[]')).rejects.toThrow(/must hold a JSON object/);
    await expect(open({ ...good, annotations: undefined })).rejects.toThrow(
      /'annotations' must be a list, it is missing/,
    );
    await expect(open({ ...good, images: {} })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(open({ ...good, images: [7] })).rejects.toThrow(/images\[0\] must be an object/);
    await expect(open({ ...good, categories: [{ id: 1.5, name: 'y' }] })).rejects.toThrow(
      /categories\[0\]\.id/,
    );
    await expect(open({ ...good, categories: [categories[0], categories[0]] })).rejects.toThrow(
      /id 3 occurs twice/,
    );
    await expect(open(good, { kind: 'panoptic' })).rejects.toThrow(/cannot be read as panoptic/);
    await expect(openCocoDataset({ annotations: join(root, 'no.json'), images: root })).rejects.toMatchObject(
      {
        code: 'NOT_FOUND',
      },
    );
    await expect(open(good, { images: join(root, 'nowhere') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('changes its digest with the labels, the pixels and the order, and with nothing else', async () => {
    const document = { images: [image(1), image(2)], annotations: [label(1)], categories };
    const digest = async (changed: object = {}): Promise<string> =>
      (await open({ ...document, ...changed })).digest;
    const first = await digest();
    expect(await digest()).toBe(first);
    expect(await digest({ annotations: [label(1, { area: 99 })] })).not.toBe(first);
    expect(await digest({ images: [image(2), image(1)] })).not.toBe(first);
    await writeFile(join(root, 'images/2.jpg'), Buffer.concat([photo, Buffer.alloc(1)]));
    expect(await digest()).not.toBe(first);
    await writeFile(join(root, 'images/2.jpg'), photo);
  });
});

describe('openCocoDataset with panoptic labels', () => {
  const ids = new Int32Array(width * height);
  const segment = (id: number, categoryId: number, iscrowd = 0): object => ({
    id,
    category_id: categoryId,
    iscrowd,
  });

  beforeAll(async () => {
    for (let y = 2; y < 8; y++) for (let x = 3; x < 13; x++) ids[y * width + x] = 70_000; // a thing
    for (let y = 20; y < 30; y++) for (let x = 0; x < 5; x++) ids[y * width + x] = 5; // stuff, two parts
    for (let y = 20; y < 30; y++) for (let x = 30; x < 40; x++) ids[y * width + x] = 5;
    for (let y = 10; y < 12; y++) for (let x = 0; x < 40; x++) ids[y * width + x] = 6; // crowd
    ids[0] = 9; // a pixel without an entry
    await mkdir(join(root, 'labels'));
    await writeFile(join(root, 'labels/1.png'), await encodePngIds({ width, height, ids }));
  });

  const document = {
    images: [image(1), image(2)],
    annotations: [
      {
        image_id: 1,
        file_name: '1.png',
        segments_info: [
          segment(70_000, 3),
          segment(5, 9),
          segment(6, 7, 1),
          segment(11, 3),
          segment(70_000, 99),
        ],
      },
    ],
    categories,
  };

  it('turns every non-crowd segment into one entity, boxed one past its last pixel', async () => {
    const dataset = await open(document, { kind: 'entities' });
    const [thing, stuff, ...rest] = dataset.images[0]!.instances;
    expect(rest).toEqual([]);
    expect(thing).toMatchObject({ box: [3, 2, 13, 8], category: 0, area: 60 });
    expect(stuff).toMatchObject({ box: [0, 20, 40, 30], category: 0, area: 150 });
    expect(rleArea(stuff!.mask!)).toBe(150);
    expect(dataset.images[1]!.instances).toEqual([]);
    expect(reasons(dataset)).toEqual({
      'crowd segments are not entities': 1,
      'segment has no pixel of its own': 2,
      'segment id of the PNG is not in segments_info': 1,
    });
  });

  it('tells things from stuff where the file does and classes are kept', async () => {
    const told = categories.map((category, index) => ({ ...category, isthing: index === 0 ? 0 : 1 }));
    const flags = async (labels: 'category' | 'agnostic') =>
      (await open({ ...document, categories: told }, { kind: 'panoptic', labels })).categories.map(
        ({ isThing }) => isThing,
      );
    expect(await flags('category')).toEqual([false, true, true]);
    expect(await flags('agnostic')).toEqual([undefined]);
  });

  it('keeps classes and crowds of panoptic labels', async () => {
    const dataset = await open(document, { kind: 'panoptic' });
    const found = dataset.images[0]!.instances.map(({ category, crowd }) => [category, crowd]);
    expect(found).toEqual([
      [0, false],
      [2, false],
      [1, true],
    ]);
  });

  it('goes on without the image whose segment PNG is missing', async () => {
    const annotations = [...document.annotations, { image_id: 2, file_name: 'no.png', segments_info: [] }];
    const dataset = await open({ ...document, annotations }, { kind: 'panoptic' });
    expect(dataset.images[0]!.instances).toHaveLength(3);
    expect(reasons(dataset)).toMatchObject({ 'segment PNG cannot be read': 1 });
  });
});

/** A PNG header that promises side x side pixels: what a decompression bomb shows first. */
function pngBomb(side: number): Uint8Array {
  const header = Buffer.from('89504e470d0a1a0a0000000d494844520000000000000000080200000000000000', 'hex');
  header.writeUInt32BE(side, 16);
  header.writeUInt32BE(side, 20);
  header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
  return Buffer.concat([header, Buffer.from('0000000049444154', 'hex'), Buffer.alloc(4)]);
}
