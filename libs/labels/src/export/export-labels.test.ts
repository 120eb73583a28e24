import { mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeMask, parseSegmentation, rleArea } from '@cassl/vision';
import { height, two, width } from '../test-labels.ts';
import type { LabeledRow, LabelRow } from '../file/label-row.ts';
import { rowOf } from '../file/label-record.ts';
import { exportLabels, type ExportLabelsOptions } from './export-labels.ts';
import type { ExportTotals } from './export-piece.ts';
import { writeExport } from './write-export.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-export-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function exported(
  rows: readonly LabelRow[],
  { out, ...options }: ExportLabelsOptions & { out: string },
): Promise<{ files: number; totals: ExportTotals }> {
  return writeExport(exportLabels(each(rows), options), out);
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* await Promise.resolve(items);
}

const rows = two.map(rowOf);

describe('exportLabels', () => {
  it('writes COCO annotations with scores', async () => {
    const out = join(root, 'coco');
    expect(await exported(rows, { format: 'coco', out, threshold: 0.35 })).toEqual({
      files: 1,
      totals: { images: 1, labels: 2, leftOut: 0 },
    });
    const { annotations, images } = JSON.parse(await readFile(join(out, 'instances.json'), 'utf8')) as {
      images: unknown[];
      annotations: { segmentation: unknown }[];
    };
    expect(images).toEqual([{ id: 1, file_name: 'a.jpg', width, height }]);
    expect(annotations[1]).toMatchObject({ id: 2, image_id: 1, bbox: [5, 2, 10, 6], area: 60, score: 0.4 });
    expect(rleArea(parseSegmentation(annotations[0]!.segmentation, height, width))).toBe(48);
  });

  it('writes YOLO boxes relative to the image', async () => {
    const out = join(root, 'yolo');
    const { files } = await exported(rows, { format: 'yolo', out });
    expect(files).toBe(6);
    const [line] = (await readFile(join(out, 'labels/a.txt'), 'utf8')).split('\n');
    expect(line).toBe('0 0.250000000 0.312500000 0.400000000 0.375000000');
  });

  it('writes Label Studio predictions with rectangles in percent and brush masks', async () => {
    const out = join(root, 'studio');
    await exported(rows, { format: 'label-studio', out });
    const tasks = JSON.parse(await readFile(join(out, 'tasks.json'), 'utf8')) as {
      predictions: { result: { type: string; value: { rle: number[] } }[] }[];
    }[];
    const results = tasks[0]!.predictions[0]!.result;
    expect(results.map(({ type }) => type)).toEqual([
      'rectanglelabels',
      'brushlabels',
      'rectanglelabels',
      'brushlabels',
    ]);
    expect(results[0]!.value).toMatchObject({ x: 5, y: 12.5, width: 40, height: 37.5 });
    const pixels = readLabelStudioRle(results[1]!.value.rle);
    const mask = decodeMask(two[0]!.detections[0]!.mask!);
    expect(pixels.filter((_, at) => at % 4 === 3).map((value) => value / 255)).toEqual([...mask.data]);
  });
});

describe('an export of more images than one thread renders at a time', () => {
  const numbered = (length: number): LabelRow[] =>
    Array.from({ length }, (_, index) => {
      const key = `${index}.jpg`;
      return { ...rows[0]!, key, location: { store: 'file:///pool', key } };
    });
  const many = numbered(300);

  it('has them all in order, as Label Studio’s tasks', async () => {
    const out = join(root, 'many-studio');
    await exported(many, { format: 'label-studio', out });
    const tasks = JSON.parse(await readFile(join(out, 'tasks.json'), 'utf8')) as {
      data: { key: string };
      predictions: unknown[];
    }[];
    expect(tasks.map(({ data }) => data.key)).toEqual(many.map(({ key }) => key));
    const [one] = JSON.parse(await readFile(join(root, 'studio/tasks.json'), 'utf8')) as typeof tasks;
    for (const { predictions } of tasks) expect(predictions).toEqual(one!.predictions);
  });

  it('has them all in order, numbered, in CVAT’s XML', async () => {
    const out = join(root, 'many-cvat');
    await exported(many, { format: 'cvat', out });
    const xml = await readFile(join(out, 'annotations.xml'), 'utf8');
    const images = [...xml.matchAll(/<image id="(\d+)" name="([^"]*)"/g)].map(([, id, name]) => [id, name]);
    expect(images).toEqual(many.map(({ key }, index) => [String(index), key]));
    expect(xml.match(/<mask /g)).toHaveLength(600);
    expect(xml).toMatch(/<\/image>\n<\/annotations>\n$/);
  });

  it('ends with its reader: who stops in the middle leaves no thread', async () => {
    const threads = (): number =>
      process.getActiveResourcesInfo().filter((kind) => /Worker|MessagePort/.test(kind)).length;
    const before = threads();
    const pieces = exportLabels(each(numbered(3000)), { format: 'cvat' });
    for (const part of ['the head', 'images']) expect((await pieces.next()).done, part).toBe(false);
    expect(threads()).toBeGreaterThan(before);
    await pieces.return(undefined as never);
    expect(threads()).toBe(before);
  });

  it('fails by the error of a mask that cannot be read', async () => {
    const broken = many.with(50, {
      ...(rows[0] as LabeledRow),
      instances: [{ bbox: [1, 1, 5, 5], score: 0.5, rle: '\u00e9' }],
    });
    for (const few of [broken.slice(50, 51), broken]) {
      await expect(exported(few, { format: 'cvat', out: join(root, 'broken') })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('RLE string') as string,
      });
    }
    // Nothing of it comes into the next one.
    await exported(many.slice(0, 1), { format: 'cvat', out: join(root, 'sound') });
    expect((await readFile(join(root, 'sound/annotations.xml'), 'utf8')).match(/<image /g)).toHaveLength(1);
  });

  it('replaces files and links that stand there, and says which link cannot be made', async () => {
    const out = join(root, 'again');
    await exported(many, { format: 'yolo', out });
    await rm(join(out, 'images/7.jpg'));
    await symlink('/elsewhere', join(out, 'images/7.jpg'));
    await writeFile(join(out, 'labels/8.txt'), 'old');
    await exported(many, { format: 'yolo', out });
    expect(await readlink(join(out, 'images/7.jpg'))).toBe('/pool/7.jpg');
    expect(await readFile(join(out, 'labels/8.txt'), 'utf8')).toBe(
      await readFile(join(out, 'labels/7.txt'), 'utf8'),
    );
    await rm(join(out, 'images/7.jpg'));
    await writeFile(join(out, 'images/7.jpg'), 'a photo');
    await expect(exported(many, { format: 'yolo', out })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('images/7.jpg cannot be linked') as string,
    });
  });
});

/** The reader of the thi.ng rle-pack format, from its description. */
function readLabelStudioRle(bytes: readonly number[]): number[] {
  let position = 0;
  const read = (bits: number): number => {
    let value = 0;
    for (let bit = 0; bit < bits; bit++, position++) {
      value = value * 2 + ((bytes[position >> 3]! >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  const count = read(32);
  const word = read(5) + 1;
  const sizes = [0, 0, 0, 0].map(() => read(4) + 1);
  const values: number[] = [];
  while (values.length < count) {
    const repeated = read(1) === 1;
    const length = read(sizes[read(2)]!) + 1;
    if (repeated) values.push(...new Array<number>(length).fill(read(word)));
    else for (let i = 0; i < length; i++) values.push(read(word));
  }
  return values;
}
