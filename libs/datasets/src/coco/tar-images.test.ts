import { mkdir, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBatches } from '../batches/create-batches.ts';
import type { Dataset } from '../dataset.ts';
import type { DropReason } from '../drop-report.ts';
import { packTar } from '../pack-tar.fixture.ts';
import { readImageBytes } from '../read-image.ts';
import { generateScenes } from '../scenes/generate-scenes.ts';
import { openCocoDataset } from './open-coco-dataset.ts';

let root: string;
let names: string[];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-tar-images-'));
  await generateScenes({ out: root, labeled: 6, unlabeled: 0, val: 0, size: 48 });
  names = (await readdir(join(root, 'train2017'))).sort();
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function shards(folder: string, parts: readonly (readonly string[])[]): Promise<string> {
  const out = join(root, folder);
  await mkdir(out);
  for (const [index, part] of parts.entries()) {
    await packTar(join(out, `shard-${index}.tar`), join(root, 'train2017'), part);
  }
  return out;
}

function open(images: string): Promise<Dataset> {
  return openCocoDataset({ annotations: join(root, 'annotations/instances_train2017.json'), images });
}

function lost({ report }: Dataset): DropReason[] {
  return report.reasons.filter(({ what }) => what === 'image');
}

describe('labeled images in tar shards', () => {
  it('are the data set that they are as files, byte by byte', async () => {
    const inTars = await open(await shards('tars', [names.slice(0, 4), names.slice(4)]));
    const asFiles = await open(join(root, 'train2017'));
    expect(inTars.digest).toBe(asFiles.digest);
    expect(inTars.images[5]!.location).toMatchObject({ key: 'shard-1.tar' });
    expect(Buffer.from(await readImageBytes(inTars.images[5]!.location))).toEqual(
      await readFile(join(root, 'train2017', names[5]!)),
    );
    const [first, second] = [inTars, asFiles].map((dataset) =>
      createBatches({ dataset, batchSize: 3, augment: 'jitter', size: 48, seed: 0 }),
    );
    expect(await first!.at(1)).toEqual(await second!.at(1));
  });

  it('of one name in two tar files are left out, not mixed up', async () => {
    const dataset = await open(await shards('twice', [names, names.slice(0, 1)]));
    expect(dataset.images).toHaveLength(5);
    expect(lost(dataset)).toMatchObject([{ reason: 'file name is in several tar files', count: 1 }]);
    expect(lost(dataset)[0]!.examples[0]).toContain('is in shard-0.tar and in shard-1.tar');
  });

  it('behind a cut are missing, and the report names the tar file and the byte', async () => {
    const folder = await shards('cut', [names]);
    await truncate(join(folder, 'shard-0.tar'), 3_000);
    const dataset = await open(folder);
    expect(dataset.images.length).toBeLessThan(6);
    expect(lost(dataset)).toMatchObject([{ reason: 'file is missing', count: 6 - dataset.images.length }]);
    expect(lost(dataset)[0]!.examples[0]).toMatch(/tar file shard-0\.tar: ends at byte 3000/);
  });
});
