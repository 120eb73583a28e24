import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openLabelSet, type LabelRow } from '@cassl/labels';
import { openStore } from '@cassl/storage';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCocoDataset } from '../coco/open-coco-dataset.ts';
import type { Dataset } from '../dataset.ts';
import { importLabels } from './import-labels.ts';

const teacher = { digest: `sha256:${'ab'.repeat(32)}`, prompts: ['a cat', 'a dog'], licence: 'Apache-2.0' };

let folder: string;
let dataset: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-import-'));
  const gray = { width: 40, height: 30, data: new Uint8Array(40 * 30 * 3).fill(90) };
  for (const name of ['b.png', 'a.png', 'c.png']) await writeFile(join(folder, name), await encodePng(gray));
  const box = (id: number, image: number, more: object): object => ({
    id,
    image_id: image,
    category_id: 7,
    bbox: [2, 3, 10, 8],
    area: 80,
    iscrowd: 0,
    ...more,
  });
  const document = {
    images: ['b.png', 'a.png', 'c.png'].map((name, index) => ({
      id: index + 1,
      file_name: name,
      width: 40,
      height: 30,
    })),
    categories: [{ id: 7, name: 'cat' }],
    annotations: [
      box(1, 1, { score: 0.25 }),
      box(2, 1, { segmentation: [[2, 3, 12, 3, 12, 11, 2, 11]] }),
      box(3, 2, { iscrowd: 1, segmentation: { size: [30, 40], counts: [0, 60, 1140] } }),
      box(4, 2, { score: 7 }),
    ],
  };
  await writeFile(join(folder, 'coco.json'), JSON.stringify(document));
  dataset = await openCocoDataset({
    annotations: join(folder, 'coco.json'),
    images: folder,
    kind: 'instances',
    labels: 'agnostic',
  });
});
afterAll(() => rm(folder, { recursive: true }));

const write = (name: string) =>
  importLabels(dataset, {
    teacher,
    store: openStore(pathToFileURL(join(folder, name)).href),
    signal: new AbortController().signal,
    shardSize: 2,
  });

describe('importLabels', () => {
  it('makes a label set that says who made it, with scores and masks, in the order of keys', async () => {
    const written = await write('set');
    const set = await openLabelSet(written.address);
    expect(set.header.sources[0]!.teacher).toEqual({ ...teacher, kind: 'import' });
    expect(set.totals).toMatchObject({ files: 2, images: 3, labels: 2, empty: 2, failed: 0 });
    const rows: LabelRow[] = [];
    for await (const row of set.rows()) rows.push(row);
    expect(rows.map(({ key }) => key)).toEqual(['a.png', 'b.png', 'c.png']);
    const labeled = rows[1] as Extract<LabelRow, { instances: unknown }>;
    expect(labeled.instances.map(({ score, rle }) => [score, rle !== undefined])).toEqual([
      [0.25, false],
      [1, true],
    ]);
    expect(labeled.sha256).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('leaves out annotations with an impossible score, by name', () => {
    expect(JSON.stringify(dataset.report)).toContain('score must be a number from 0 to 1, got 7');
  });

  it('keeps an image that cannot be read as a row with its reason', async () => {
    await rm(join(folder, 'c.png'));
    const { totals } = await write('unread');
    expect(totals).toMatchObject({ images: 3, failed: 1, labels: 2 });
  });
});
