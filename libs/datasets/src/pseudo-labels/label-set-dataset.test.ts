import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  readLabels,
  writeLabelFile,
  writeLabelSet,
  type LabelFileEntry,
  type LabelRecord,
} from '@cassl/labels';
import { openStore } from '@cassl/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBatches } from '../batches/create-batches.ts';
import { streamedImages } from '../batches/streamed-images.ts';
import { openCocoDataset } from '../coco/open-coco-dataset.ts';
import { generateScenes } from '../scenes/generate-scenes.ts';
import { openLabelSetDataset } from './label-set-dataset.ts';
import { pseudoLabelDataset } from './open-pseudo-labels.ts';

let root: string;
let records: LabelRecord[];
let address: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-label-set-data-'));
  await generateScenes({ out: root, labeled: 12, unlabeled: 0, val: 0, size: 48 });
  const { images } = await openCocoDataset({
    annotations: join(root, 'annotations/instances_train2017.json'),
    images: join(root, 'train2017'),
  });
  records = images.map(({ key, location, width, height, instances }, index) => ({
    key,
    digest: `sha256:${key}`,
    location,
    width,
    height,
    detections: instances.map(({ box, mask, category }) => ({
      box,
      category,
      // The last image keeps no label above the threshold, and one has no mask.
      score: index === 11 ? 0.2 : 0.9,
      ...(mask === undefined || index === 3 ? {} : { mask }),
    })),
    checkpoint: 'aa',
    threshold: 0.05,
  }));
  const store = openStore(pathToFileURL(join(root, 'labels')).href);
  const files: LabelFileEntry[] = [];
  for (let at = 0; at < records.length; at += 3) {
    files.push(await writeLabelFile(store, records.slice(at, at + 3)));
  }
  const digest = `sha256:${'0'.repeat(64)}`;
  const source = {
    manifest: digest,
    teacher: { digest, kind: 'checkpoint' as const, prompts: [], licence: '' },
    options: {},
    scoreFloor: 0.05,
  };
  ({ address } = await writeLabelSet(store, { threshold: 0.05, sources: [source] }, files));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const choice = { threshold: 0.5 };

describe('openLabelSetDataset', () => {
  it('trains as the same labels in memory, at any step, though no label is in it', async () => {
    const streamed = await openLabelSetDataset(address, choice);
    const inMemory = await pseudoLabelDataset(readLabels([address]), choice);
    const { images: _, ...rest } = inMemory;
    expect(streamed).toMatchObject(rest);
    expect(streamed.parts.map(({ images, masked }) => [images, masked])).toEqual([
      [3, 3],
      [3, 2],
      [3, 3],
      [2, 2],
    ]);
    for (const masks of ['keep', 'require'] as const) {
      const [one, other] = [streamed, inMemory].map((dataset) =>
        createBatches({ dataset, batchSize: 4, augment: 'jitter', size: 48, seed: 3, masks }),
      );
      expect(one!.imageCount).toBe(masks === 'keep' ? 11 : 10);
      for (const step of [7, 0, 2]) expect(await one!.at(step)).toEqual(await other!.at(step));
    }
  });

  it('reads few label files at a time: a small buffer shows every image once, too', async () => {
    const set = await openLabelSetDataset(address, choice);
    const images = streamedImages(set, { seed: 1, masks: 'keep' }, { images: 5, bytes: 1e6 });
    const keys: string[] = [];
    for (let position = 0; position < images.length; position++) {
      keys.push((await images.at(images.order.at(position))).key);
    }
    expect(keys.sort()).toEqual(records.slice(0, 11).map(({ key }) => key));
  });

  it('tells of a label file that was changed or is gone, when it is opened and while it is trained on', async () => {
    const set = await openLabelSetDataset(address, choice);
    const folder = join(root, 'labels');
    const [file = ''] = (await readdir(folder)).filter((name) =>
      name.startsWith(set.parts[0]!.digest.slice(7)),
    );
    await writeFile(join(folder, file), 'gone bad');
    await expect(openLabelSetDataset(address, choice)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    const batches = createBatches({ dataset: set, batchSize: 11, augment: 'none', size: 48, seed: 3 });
    await expect(batches.at(0)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await rm(join(folder, file));
    await expect(openLabelSetDataset(address, choice)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
