import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Instance } from '@cassl/vision';
import type { Dataset } from '../dataset.ts';
import { createBatches } from '../batches/create-batches.ts';
import { openCocoDataset, type LabelKind } from './open-coco-dataset.ts';

const shared = process.env['CASSL_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared');
const root = join(shared, 'data/coco-mini');

function open(file: string, split: string, kind: LabelKind): Promise<Dataset> {
  return openCocoDataset({
    annotations: join(root, `annotations/${file}.json`),
    images: join(root, split),
    kind,
  });
}

describe.skipIf(!existsSync(root))('coco-mini', () => {
  it('opens whole: its README counts 369 images, 3,204 instances, 80 classes and 32 crowds', async () => {
    const { images, categories, report } = await open('instances_train2017', 'train2017', 'instances');
    const instances = images.flatMap((image) => image.instances);
    expect([images.length, instances.length, categories.length]).toEqual([369, 3204, 80]);
    expect(instances.filter(({ crowd }) => crowd)).toHaveLength(32);
    expect(images.filter((image) => image.instances.length === 0)).toHaveLength(3);
    expect(report.reasons).toEqual([]);
  });

  it('gives from the panoptic files the entities that were made from them elsewhere', async () => {
    const converted = await open('panoptic_val2017', 'val2017', 'entities');
    const reference = await open('entities_val2017', 'val2017', 'entities');
    const byPosition = (a: Instance, b: Instance): number =>
      a.area - b.area || a.box[0] - b.box[0] || a.box[1] - b.box[1];
    expect(converted.images).toHaveLength(50);
    for (const [index, image] of converted.images.entries()) {
      const expected = reference.images[index]!;
      expect(image.key).toBe(expected.key);
      const [ours, theirs] = [image, expected].map(({ instances }) => [...instances].sort(byPosition));
      expect(ours!.map(({ box, area }) => [...box, area])).toEqual(
        theirs!.map(({ box, area }) => [...box, area]),
      );
      expect(ours!.map(({ mask }) => mask)).toEqual(theirs!.map(({ mask }) => mask));
    }
  });

  it('feeds training with the 12 supercategories', async () => {
    const dataset = await openCocoDataset({
      annotations: join(root, 'annotations/instances_val2017.json'),
      images: join(root, 'val2017'),
      labels: 'supercategory',
    });
    expect(dataset.categories).toHaveLength(12);
    const batches = createBatches({
      dataset,
      batchSize: 4,
      augment: 'jitter',
      size: 256,
      seed: 1,
      masks: 'require',
    });
    for (const { image, instances } of await batches.at(0)) {
      expect(Math.max(image.width, image.height)).toBe(256);
      expect(instances.every(({ category, mask }) => category < 12 && mask !== undefined)).toBe(true);
    }
    expect(batches.report().reasons).toEqual([]);
  });
});
