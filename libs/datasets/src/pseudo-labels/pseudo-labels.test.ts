import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeMask,
  encodeMask,
  parseSegmentation,
  rleArea,
  type BinaryMask,
  type Detection,
} from '@cassl/vision';
import { exportPseudoLabels } from './export-pseudo-labels.ts';
import { decodeLabelFile, encodeLabelFile } from './label-file.ts';
import { encodeLabelStudioRle } from './label-studio-rle.ts';
import { openPseudoLabels, pseudoLabelDataset } from './open-pseudo-labels.ts';
import { recordToLine, type PseudoLabelRecord } from './pseudo-label-record.ts';
import { readLabelFiles } from './read-label-files.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-pseudo-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const width = 20;
const height = 16;

function rectangle(x1: number, y1: number, x2: number, y2: number): BinaryMask {
  const data = new Uint8Array(width * height);
  for (let y = y1; y < y2; y++) data.fill(1, y * width + x1, y * width + x2);
  return { width, height, data };
}

function detection(score: number, [x1, y1, x2, y2]: [number, number, number, number]): Detection {
  return { box: [x1, y1, x2, y2], score, category: 0, mask: encodeMask(rectangle(x1, y1, x2, y2)) };
}

function record(key: string, detections: Detection[]): PseudoLabelRecord {
  return {
    key,
    digest: 'sha256:00',
    location: { store: 'file:///pool', key, range: { start: 512, end: 900 } },
    width,
    height,
    detections,
    checkpoint: 'sha256:cc',
    threshold: 0.05,
  };
}

async function bytesOf(records: PseudoLabelRecord[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeLabelFile(records)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const two = [
  record('a.jpg', [detection(0.9, [1, 2, 9, 8]), detection(0.4, [5, 2, 15, 8])]),
  record('b.jpg', [{ box: [0.25, 1, 3.5, 4], score: 0.3, category: 0 }]),
];

describe('label files', () => {
  it('give back what was written, and the same bytes for the same records', async () => {
    const bytes = await bytesOf(two);
    expect(await collect(decodeLabelFile(bytes))).toEqual(two);
    expect(await bytesOf(two)).toEqual(bytes);
    expect(bytes[0]).toBe(0x1f);
  });

  it('are read from paths and file addresses, one after the other', async () => {
    const [a, b] = [join(root, 'a b.jsonl.gz'), join(root, 'b.jsonl.gz')];
    await writeFile(a, await bytesOf([two[0]!]));
    await writeFile(b, await bytesOf([two[1]!]));
    expect(await collect(readLabelFiles([a, `file://${b}`]))).toEqual(two);
  });

  it('name the file, the line and the field that is wrong', async () => {
    const good = recordToLine(two[0]!);
    const { gzipSync } = await import('node:zlib');
    const read = (text: string): Promise<unknown> => collect(decodeLabelFile(gzipSync(text), 'x.jsonl.gz'));
    await expect(read(`${good}\n${good.replace('0.9', '9')}\n`)).rejects.toThrow(
      /x\.jsonl\.gz, line 2: .*instances\.0\.score/,
    );
    await expect(read('{"key":')).rejects.toThrow(/line 1: .*not JSON/);
    await expect(read(good.replace('"width":20', '"width":7'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(collect(decodeLabelFile(gzipSync(good).subarray(0, 60), 'x'))).rejects.toMatchObject({
      code: 'DATA_LOSS',
    });
    await expect(collect(decodeLabelFile(Buffer.from('plain text')))).rejects.toMatchObject({
      code: 'DATA_LOSS',
    });
  });
});

describe('openPseudoLabels', () => {
  it('keeps what scores strictly above the threshold and removes images left empty', async () => {
    const path = join(root, 'labels.jsonl.gz');
    await writeFile(path, await bytesOf(two));
    const dataset = await openPseudoLabels([path], { threshold: 0.4 });
    expect(dataset.images).toMatchObject([{ id: 1, key: 'a.jpg', width, height }]);
    expect(dataset.images[0]!.instances).toMatchObject([
      { box: [1, 2, 9, 8], category: 0, crowd: false, area: 48 },
    ]);
    expect(dataset.report).toMatchObject({
      images: { listed: 2, kept: 1 },
      annotations: { listed: 3, kept: 1 },
    });
    expect(dataset.report.reasons.map(({ reason, count }) => [reason, count])).toEqual([
      ['score is not above 0.4', 2],
      ['no label is left', 1],
    ]);
  });

  it('gives each pixel to the best mask for entities, and measures the boxes again', async () => {
    const dataset = await pseudoLabelDataset(two.slice(0, 1), { threshold: 0.1, nonOverlap: true });
    const [best, other] = dataset.images[0]!.instances;
    expect(best!.box).toEqual([1, 2, 9, 8]);
    expect(other!.box).toEqual([9, 2, 15, 8]);
    expect(rleArea(other!.mask!)).toBe(36);
  });

  it('counts an image that was labeled twice once', async () => {
    const dataset = await pseudoLabelDataset([two[0]!, two[0]!], { threshold: 0.1 });
    expect(dataset.images).toHaveLength(1);
    expect(dataset.report.reasons).toMatchObject([{ reason: 'labeled twice', count: 1 }]);
  });

  it('finds the pool at its new place, and has another digest at another threshold', async () => {
    const moved = await pseudoLabelDataset(two, { threshold: 0.1, pool: 's3://bucket/pool' });
    expect(moved.images[0]!.location).toEqual({
      store: 's3://bucket/pool',
      key: 'a.jpg',
      range: { start: 512, end: 900 },
    });
    const other = await pseudoLabelDataset(two, { threshold: 0.2 });
    expect(other.digest).not.toBe(moved.digest);
  });

  it('refuses a threshold outside [0, 1)', async () => {
    await expect(pseudoLabelDataset(two, { threshold: 1 })).rejects.toThrow(/threshold .* got 1/);
  });
});

describe('exportPseudoLabels', () => {
  it('writes COCO annotations with scores', async () => {
    const out = join(root, 'coco');
    expect(await exportPseudoLabels(two, { format: 'coco', out, threshold: 0.35 })).toMatchObject({
      images: 1,
      labels: 2,
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
    const { files } = await exportPseudoLabels(two, { format: 'yolo', out });
    expect(files).toEqual(['labels/a.txt', 'labels/b.txt', 'images.txt', 'data.yaml']);
    const [line] = (await readFile(join(out, 'labels/a.txt'), 'utf8')).split('\n');
    expect(line).toBe('0 0.250000 0.312500 0.400000 0.375000');
  });

  it('writes Label Studio predictions with rectangles in percent and brush masks', async () => {
    const out = join(root, 'studio');
    await exportPseudoLabels(two, { format: 'label-studio', out });
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

  it('writes brush runs longer than 65,536 values', () => {
    const large = { width: 400, height: 300, data: new Uint8Array(120_000).fill(1, 50_000, 110_000) };
    const pixels = readLabelStudioRle(encodeLabelStudioRle(large));
    expect(pixels.length).toBe(480_000);
    expect(pixels.findIndex((value) => value === 255)).toBe(200_000);
    expect(pixels.findLastIndex((value) => value === 255)).toBe(439_999);
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
