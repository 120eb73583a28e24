import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { encodeMask, decodeMask, parseSegmentation, rleFromString, type BinaryMask } from '@cassl/vision';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowOf } from '../file/label-record.ts';
import type { LabeledRow, LabelRow } from '../file/label-row.ts';
import { readLabelRows } from '../file/read-label-files.ts';
import { record } from '../test-labels.ts';
import { exportLabels, type ExportFormat } from './export-labels.ts';
import { writeExport } from './write-export.ts';

const shared = join(process.env.CASSL_SHARED ?? '../shared', 'bugs');
let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-round-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* await Promise.resolve(items);
}

async function exported(rows: readonly LabelRow[], format: ExportFormat): Promise<string> {
  const out = join(root, String(count++));
  await writeExport(exportLabels(each(rows), { format, className: 'a "b" <c> & d' }), out);
  return out;
}

const width = 37;
const height = 23;
const hostile = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.constantFrom(
    '../up.jpg',
    'a#1 %25.jpg',
    'new\nline.png',
    'b\\c.jpg',
    '<&">.jpg',
    ' . /x',
    'ü/é.jpeg',
    'CON.jpg',
    'images/a.jpg',
    'train/images/images/a.jpg',
    'half\ud800.jpg',
  ),
);
const mask = fc
  .uint8Array({ minLength: width * height, maxLength: width * height, max: 1 })
  .map((data): BinaryMask => ({ width, height, data }));
const thin = fc
  .tuple(
    fc.double({ min: 0, max: 36.9, noNaN: true }),
    fc.double({ min: 0, max: 22.9, noNaN: true }),
    fc.double({ min: 1e-6, max: 9, noNaN: true }),
  )
  .map(([x, y, side]) => [x, y, Math.min(x + side, width), Math.min(y + 1e-4, height)] as const);
const label = fc.record({
  box: thin,
  score: fc.double({ min: 0.01, max: 1, noNaN: true }),
  mask: fc.option(mask, { nil: undefined, freq: 1 }),
});
const images = fc.uniqueArray(
  fc.record({ key: hostile, labels: fc.array(label, { minLength: 1, maxLength: 3 }) }),
  {
    selector: ({ key }) => key,
    minLength: 1,
    maxLength: 4,
  },
);

function build(
  items: readonly {
    key: string;
    labels: readonly {
      box: readonly [number, number, number, number];
      score: number;
      mask: BinaryMask | undefined;
    }[];
  }[],
): LabeledRow[] {
  return items
    .map(({ key, labels }) => {
      const detections = labels.map(({ box, score, mask: found }) => ({
        box,
        score,
        category: 0,
        ...(found === undefined ? {} : { mask: encodeMask(found) }),
      }));
      return rowOf({
        ...record(key, detections),
        width,
        height,
        location: { store: 'file:///photos%20one', key },
      }) as LabeledRow;
    })
    .filter(({ instances }) => instances.length > 0);
}

const forRows = (check: (rows: LabeledRow[]) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(images, async (items) => {
      const rows = build(items);
      fc.pre(rows.length > 0);
      await check(rows);
    }),
    { numRuns: 40 },
  );

describe('exports with hostile names and thin boxes', () => {
  it('coco: every image and label is read back', () =>
    forRows(async (rows) => {
      for (const [format, file] of [
        ['coco', 'instances.json'],
        ['fiftyone', 'labels.json'],
      ] as const) {
        const out = await exported(rows, format);
        const read = JSON.parse(await readFile(join(out, file), 'utf8')) as CocoFile;
        expect(read.images.map((image) => image.file_name)).toEqual(rows.map(({ key }) => key));
        const labels = rows.flatMap(({ instances }) => instances);
        expect(read.annotations.map(({ bbox }) => bbox)).toEqual(labels.map(({ bbox }) => bbox));
        for (const [index, { segmentation, area }] of read.annotations.entries()) {
          expect(area).toBeGreaterThan(0);
          const { rle } = labels[index]!;
          if (rle === undefined) continue;
          expect(parseSegmentation(segmentation, height, width)).toEqual(rleFromString(rle, height, width));
        }
      }
    }));

  it('yolo: one label file an image, where the image’s path says, boxes inside and not empty', () =>
    forRows(async (rows) => {
      const out = await exported(rows, 'yolo');
      const list = (await readFile(join(out, 'images.txt'), 'utf8')).trimEnd().split('\n');
      expect(list).toHaveLength(rows.length);
      const files = list.map(
        // As ultralytics does: the last /images/, the last dot.
        (line) => line.replace(/^(.*)\/images\//, '$1/labels/').replace(/\.[A-Za-z0-9]{1,8}$/, '') + '.txt',
      );
      expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(rows.length);
      for (const [index, file] of files.entries()) {
        const lines = (await readFile(join(out, file), 'utf8')).trimEnd().split('\n');
        expect(lines).toHaveLength(rows[index]!.instances.length);
        for (const line of lines) {
          const [, x, y, w, h] = line.split(' ').map(Number);
          expect(w! > 0 && h! > 0 && x! >= 0 && y! >= 0 && Math.max(x!, y!, w!, h!) <= 1).toBe(true);
        }
        if (rows[index]!.key.includes('\0')) continue;
        expect(await readlink(join(out, list[index]!))).toBe(
          join('/photos one', rows[index]!.key.toWellFormed()),
        );
      }
    }));

  it('cvat: names, boxes and masks are read back from the XML', () =>
    forRows(async (rows) => {
      const xml = await readFile(join(await exported(rows, 'cvat'), 'annotations.xml'), 'utf8');

      expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
      expect(xml.match(/<image /g)).toHaveLength(rows.length);
      const shapes = [...xml.matchAll(/<(mask|box) ([^>]*)>/g)].map(([, kind, text]) => ({
        kind,
        ...Object.fromEntries(
          [...text!.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!] as const),
        ),
      })) as Record<string, string>[];
      for (const [index, { bbox, rle }] of rows.flatMap(({ instances }) => instances).entries()) {
        const shape = shapes[index]!;
        expect(shape.label).toBe('a &quot;b&quot; &lt;c&gt; &amp; d');
        if (rle === undefined) expect([Number(shape.xtl), Number(shape.ytl)]).toEqual(bbox.slice(0, 2));
        else expect(cvatMask(shape)).toEqual(decodeMask(rleFromString(rle, height, width)).data);
      }
    }));

  it('label studio: addresses are URLs of the files', () =>
    forRows(async (rows) => {
      const tasks = await tasksOf(rows);
      expect(tasks).toHaveLength(rows.length);
      for (const [index, { data }] of tasks.entries()) {
        expect(decodeURIComponent(data.image)).toBe(`file:///photos one/${rows[index]!.key.toWellFormed()}`);
        expect(data.image).not.toMatch(/[\s#?]/);
      }
    }));
});

interface CocoFile {
  images: { file_name: string }[];
  annotations: { bbox: number[]; area: number; segmentation?: unknown }[];
}

async function tasksOf(rows: readonly LabelRow[]): Promise<{ data: { image: string } }[]> {
  const out = await exported(rows, 'label-studio');
  return JSON.parse(await readFile(join(out, 'tasks.json'), 'utf8')) as { data: { image: string } }[];
}

function cvatMask(shape: Record<string, string>): Uint8Array {
  const [left, top, boxWidth] = [shape.left, shape.top, shape.width].map(Number) as [number, number, number];
  const data = new Uint8Array(width * height);
  let at = 0;
  for (const [run, length] of shape.rle!.split(', ').map(Number).entries()) {
    for (let end = at + length; at < end; at++) {
      if (run % 2 === 1) data[(top + Math.floor(at / boxWidth)) * width + left + (at % boxWidth)] = 1;
    }
  }
  return data;
}

describe.skipIf(!existsSync(shared))('exports of label files from bug reports', () => {
  const rowsOfBug = async (name: string): Promise<LabelRow[]> => {
    const rows: LabelRow[] = [];
    for await (const row of readLabelRows([join(shared, name, 'labels.jsonl.gz')])) rows.push(row);
    return rows;
  };

  it('write three label files for three images, two of one stem', async () => {
    const out = await exported(await rowsOfBug('08-yolo-same-stem'), 'yolo');
    const found = (await readdir(join(out, 'labels'), { recursive: true })).filter((name) =>
      name.endsWith('.txt'),
    );
    expect(found.sort()).toEqual(['a/image1.png.txt', 'a/image1.txt', 'b/image1.txt']);
  });

  it('name images by URLs and paths that are right', async () => {
    const rows = await rowsOfBug('14-export-addresses');
    const tasks = await tasksOf(rows);
    expect(tasks.map(({ data }) => data.image)).toEqual([
      'file:///photos%20one/a%20%231.jpg',
      'file:///photos%20one/100%2525%20b.jpg',
    ]);
    const out = await exported(rows, 'yolo');
    const list = (await readFile(join(out, 'images.txt'), 'utf8')).trimEnd().split('\n');
    expect(list).toEqual(['./images/a #1.jpg', './images/100%25 b.jpg']);
    expect(await readlink(join(out, list[1]!))).toBe('/photos one/100%25 b.jpg');
    expect((await readdir(join(out, 'labels'))).map((name) => basename(name)).sort()).toEqual([
      '100%25 b.txt',
      'a #1.txt',
    ]);
  });

  it('leave out the label without an area and keep the rest', async () => {
    const rows = await rowsOfBug('04-thin-label');
    for (const format of ['coco', 'yolo', 'cvat', 'label-studio', 'fiftyone'] as const) {
      const out = join(root, String(count++));
      const { totals } = await writeExport(exportLabels(each(rows), { format }), out);
      expect(totals).toEqual({ images: 2, labels: 2, leftOut: 1 });
    }
  });
});
