import { Labeling } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { describeLabeling } from './describe-labeling.ts';

const ended = {
  labelCount: 12,
  labeledImages: 3,
  emptyImages: 1,
  failedImages: 1,
  spec: { outputUri: 's3://bucket/out' },
  failures: [{ key: 'cut.jpg', error: { code: 'INVALID_ARGUMENT', message: 'ends early' } }],
  labelSetUri: 's3://bucket/out/labels/ab.json',
};

describe('what cassl label says at the end', () => {
  it('names what of the pool was not read and why, the images that failed, and the label set', () => {
    const unread = [
      { reason: 'video', count: 4, examples: ['a.mp4', 'b.mp4', 'c.mp4'] },
      { reason: 'hidden file', count: 1, examples: ['.DS_Store'] },
    ];
    const labeling = Labeling.fromPartial({ ...ended, pool: { listed: 10, kept: 5, unread } });
    expect(describeLabeling(labeling)).toEqual([
      '12 labels on 3 images, 1 without, 1 failed; files in s3://bucket/out',
      '5 of 10 files of the pool are images; not read:',
      '  4 × video (a.mp4, b.mp4, c.mp4, …)',
      '  1 × hidden file (.DS_Store)',
      '  cut.jpg: INVALID_ARGUMENT ends early',
      'label set s3://bucket/out/labels/ab.json',
    ]);
  });

  it('says how many images were known before, where it was told of a label set', () => {
    const spec = { outputUri: 's3://bucket/out', knownLabels: 's3://bucket/out/labels/cd.labelset.jsonl' };
    const labeling = Labeling.fromPartial({ ...ended, spec, knownImages: 2 });
    expect(describeLabeling(labeling)[1]).toBe(`2 images were known with their labels: ${spec.knownLabels}`);
  });

  it('says nothing of the pool where every file is an image', () => {
    const labeling = Labeling.fromPartial({ ...ended, failures: [], pool: { listed: 5, kept: 5 } });
    expect(describeLabeling(labeling)).toHaveLength(2);
  });
});
