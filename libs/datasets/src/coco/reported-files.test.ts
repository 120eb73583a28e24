import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../dataset.ts';
import { openCocoDataset } from './open-coco-dataset.ts';

const shared = process.env['CASSL_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared');
const bugs = join(shared, 'bugs');

function open(folder: string): Promise<Dataset> {
  return openCocoDataset({
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
});
