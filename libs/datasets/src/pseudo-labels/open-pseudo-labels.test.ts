import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeLabelFile, type LabelRecord } from '@cassl/labels';
import { encodeMask, rleArea, type BinaryMask, type Detection } from '@cassl/vision';
import { openPseudoLabels, pseudoLabelDataset } from './open-pseudo-labels.ts';

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

function record(key: string, detections: Detection[]): LabelRecord {
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

async function bytesOf(records: LabelRecord[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeLabelFile(records)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const two = [
  record('a.jpg', [detection(0.9, [1, 2, 9, 8]), detection(0.4, [5, 2, 15, 8])]),
  record('b.jpg', [{ box: [0.25, 1, 3.5, 4], score: 0.3, category: 0 }]),
];

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

describe('class-specific labels', () => {
  const categories = ['cat', 'fox'].map((name, index) => ({ index, name, sourceIds: [index + 1] }));

  it('keep the classes of their teacher, and collapse without its list', async () => {
    const fox = record('a.jpg', [{ ...detection(0.9, [1, 2, 9, 8]), category: 1 }]);
    const kept = await pseudoLabelDataset([fox], { threshold: 0.4, categories });
    expect(kept.categories.map(({ name }) => name)).toEqual(['cat', 'fox']);
    expect(kept.images[0]!.instances).toMatchObject([{ category: 1 }]);
    const collapsed = await pseudoLabelDataset([fox], { threshold: 0.4 });
    expect(collapsed.images[0]!.instances).toMatchObject([{ category: 0 }]);
  });

  it('refuse a class that the teacher does not have', async () => {
    const wrong = record('a.jpg', [{ ...detection(0.9, [1, 2, 9, 8]), category: 2 }]);
    await expect(pseudoLabelDataset([wrong], { threshold: 0.4, categories })).rejects.toThrow(
      'a.jpg has class 2, its teacher has 2 classes',
    );
  });
});
