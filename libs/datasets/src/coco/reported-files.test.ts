import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../dataset.ts';
import { createBatches } from '../batches/create-batches.ts';
import type { ImageCheck } from './check-images.ts';
import { openCocoDataset } from './open-coco-dataset.ts';

const shared = process.env['CASSL_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared');
const bugs = join(shared, 'bugs');

function open(folder: string, check: ImageCheck = 'headers'): Promise<Dataset> {
  return openCocoDataset({
    check,
    annotations: join(bugs, folder, 'annotations/instances_train2017.json'),
    images: join(bugs, folder, 'train2017'),
  });
}

describe.skipIf(!existsSync(bugs))('labelled folders that others have reported (needs CASSL_SHARED)', () => {
  it('keeps image ids beyond 2^53 exactly, in file order, and reports them as they stand', async () => {
    const { images, report } = await open('01-ids-beyond-2-53/folder');
    expect(report.images).toEqual({ listed: 4, kept: 4 });
    expect(report.annotations).toEqual({ listed: 8, kept: 8 });
    expect(new Set(images.map(({ id }) => id)).size).toBe(4);
    expect(images.some(({ id }) => typeof id === 'bigint')).toBe(true);
    expect(images.map(({ key }) => key)).toEqual(['p0.jpg', 'p1.jpg', 'p2.jpg', 'p3.jpg']);
  });

  it.each([
    ['null', []],
    ['zero', ['id occurs twice: both are kept']],
    ['per-image', ['id occurs twice: both are kept']],
  ])('keeps all 8 annotations whose ids are %s', async (folder, notes) => {
    const { images, report } = await open(`09-annotation-ids-null-or-repeated/${folder}`);
    expect(report.annotations).toEqual({ listed: 8, kept: 8 });
    expect(images.flatMap(({ instances }) => instances)).toHaveLength(8);
    expect(report.reasons.map(({ reason }) => reason)).toEqual(notes);
  });

  it('reads a folder whose JSON begins with a byte order mark', async () => {
    const { report } = await open('11-byte-order-mark/folder');
    expect(report.images.kept).toBe(2);
    expect(report.annotations.kept).toBe(4);
  });

  it.each(['headers', 'decode'] as const)('turns labels with their pictures (check %s)', async (check) => {
    const { images, report } = await open('03-images-lost-in-training', check);
    const upright = images.filter(({ width, height }) => width === 48 && height === 64);
    expect(upright.map(({ key }) => key)).toEqual(['p0.jpg', 'p1.jpg', 'p2.jpg']);
    const turned = report.reasons.filter(({ reason }) => reason.includes('EXIF'));
    expect(turned).toMatchObject([{ outcome: 'repaired', what: 'image', count: 3 }]);
    // Cut-off files show only when they are decoded.
    expect(report.images).toEqual({ listed: 12, kept: check === 'decode' ? 8 : 10 });
  });

  it('counts cut-off files when batches come upon them', async () => {
    const dataset = await open('03-images-lost-in-training');
    const batches = createBatches({ dataset, batchSize: 10, augment: 'weak', size: 64, seed: 0 });
    await batches.at(0);
    expect(batches.report()).toMatchObject({ images: { kept: 8 }, reasons: [{ what: 'image', count: 2 }] });
  });
});
