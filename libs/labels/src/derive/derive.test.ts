import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@cassl/storage';
import type { Xyxy } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailedImage, LabelRecord } from '../file/label-record.ts';
import type { LabelSetHeader } from '../set/label-set-format.ts';
import { openLabelSet, type LabelSet } from '../set/open-label-set.ts';
import { writeLabelFile } from '../set/write-label-file.ts';
import { writeLabelSet } from '../set/write-label-set.ts';
import { collect, detection, digestOf, failure, header, record } from '../test-labels.ts';
import { changeThreshold, labelsAboveEach } from './change-threshold.ts';
import { chooseThreshold } from './choose-threshold.ts';
import { compareLabelSets } from './compare-label-sets.ts';
import type { LabelSetDraft } from './draft.ts';
import { openKnownLabels } from './known-labels.ts';
import { mergeLabelSets } from './merge-label-sets.ts';
import { removeTeacher } from './remove-teacher.ts';

type Images = readonly (LabelRecord | FailedImage)[];

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-derive-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const scored = (key: string, ...scores: number[]): LabelRecord =>
  record(
    key,
    scores.map((score, at) => detection(score, [at, 0, at + 4, 4])),
  );

async function setOf(shards: readonly Images[], head: LabelSetHeader = header()): Promise<LabelSet> {
  const store = openStore(join(root, String(count++)));
  const files = [];
  for (const images of shards) files.push(await writeLabelFile(store, images, { threshold: head.threshold }));
  return openLabelSet((await writeLabelSet(store, head, files)).address);
}

async function written(set: LabelSet, draft: LabelSetDraft): Promise<LabelSet> {
  return openLabelSet((await writeLabelSet(set.store, draft.header, draft.files())).address);
}

const pool = [
  [scored('a', 0.9, 0.4), scored('b')],
  [scored('c', 0.3, 0.31), failure('d'), scored('e', 0.7)],
];

describe('changeThreshold', () => {
  it.each([0.3, 0.4, 0.305, 0.399999, 0.95])(
    'at %d keeps what a filter of the labels keeps',
    async (threshold) => {
      const set = await setOf(pool);
      const changed = await written(set, changeThreshold(set, threshold));
      const kept = (await collect(set.rows())).map((row) =>
        'failure' in row ? 0 : row.instances.filter(({ score }) => score > threshold).length,
      );
      const labels = kept.reduce((sum, number) => sum + number);
      const labeled = kept.filter((number) => number > 0).length;
      expect(changed.totals).toEqual({ files: 2, images: 5, labeled, empty: 4 - labeled, failed: 1, labels });
      const rows = await collect(changed.rows());
      expect(rows.map((row) => ('failure' in row ? 0 : row.instances.length))).toEqual(kept);
    },
  );

  it('comes back to the same digest by any way, and goes below the old threshold down to the floor', async () => {
    const set = await setOf(pool);
    const high = await written(set, changeThreshold(set, 0.8));
    const back = await written(high, changeThreshold(high, 0.05));
    expect(back.digest).toBe(set.digest);
    expect(() => changeThreshold(set, 0.04)).toThrow(/threshold must be in \[0\.05, 1\), got 0\.04/);
    expect(() => changeThreshold(set, 1)).toThrow(/got 1/);
  });

  it('takes 0.4 sent as a float32 for 0.4', async () => {
    const set = await setOf(pool);
    const changed = await written(set, changeThreshold(set, Math.fround(0.4)));
    expect(changed.digest).toBe((await written(set, changeThreshold(set, 0.4))).digest);
    expect((await labelsAboveEach(set))[40]).toBe(changed.totals.labels);
  });
});

describe('removeTeacher', () => {
  it('gives back the digest of the set that never held its labels', async () => {
    const ours = await setOf(pool);
    const theirs = await setOf([[scored('x', 0.6)], [scored('y', 0.2)]], header({}, 'b'));
    const store = openStore(join(root, 'merged'));
    for (const order of [
      [ours, theirs],
      [theirs, ours],
    ]) {
      const draft = mergeLabelSets(order, { store });
      const merged = await openLabelSet((await writeLabelSet(store, draft.header, draft.files())).address);
      expect(merged.totals.images).toBe(7);
      expect((await written(merged, removeTeacher(merged, digestOf('b')))).digest).toBe(ours.digest);
      expect((await written(merged, removeTeacher(merged, digestOf('a')))).digest).toBe(theirs.digest);
    }
    expect(() => removeTeacher(ours, digestOf('z'))).toThrow(/holds nothing of the teacher/);
  });
});

describe('mergeLabelSets', () => {
  it('refuses an image in two sets by name, or keeps the labels of the first', async () => {
    const ours = await setOf(pool);
    const other = await setOf([[scored('c', 0.99), scored('z', 0.5)]], header({}, 'b'));
    const store = openStore(join(root, 'overlap'));
    const refused = mergeLabelSets([ours, other], { store });
    await expect(collect(refused.files())).rejects.toThrow(/image c is in file:.*first_wins/);
    const draft = mergeLabelSets([ours, other], { store, overlap: 'first' });
    const merged = await openLabelSet((await writeLabelSet(store, draft.header, draft.files())).address);
    expect((await collect(merged.rows())).map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd', 'e', 'z']);
  });

  it('refuses one set, and sets under two thresholds', async () => {
    const set = await setOf(pool);
    const high = await written(set, changeThreshold(set, 0.5));
    expect(() => mergeLabelSets([set], { store: set.store })).toThrow(/at least two/);
    expect(() => mergeLabelSets([set, high], { store: set.store })).toThrow(/has 0\.05, .* has 0\.5/);
  });
});

describe('openKnownLabels', () => {
  const [source] = header().sources;

  it('knows what the same teacher labeled with the same options, even where shards interleave', async () => {
    const set = await setOf([
      [scored('m', 0.9), scored('b', 0.2)],
      [scored('c', 0.3), failure('d')],
      [scored('z')],
    ]);
    const high = await written(set, changeThreshold(set, 0.8));
    const known = await (await openKnownLabels(high, source!)).among(['a', 'b', 'c', 'd', 'm', 'z']);
    expect([...known.keys()].sort()).toEqual(['b', 'c', 'm', 'z']);
    expect(known.get('b')!.instances).toHaveLength(1);
  });

  it.each([
    { scoreFloor: 0.1 },
    { options: { nonOverlap: true } },
    { teacher: { ...source!.teacher, digest: digestOf('other') } },
    { teacher: { ...source!.teacher, prompts: ['cup'] } },
  ])('knows nothing for %j', async (change) => {
    const known = await openKnownLabels(await setOf(pool), { ...source!, ...change });
    expect((await known.among(['a', 'c'])).size).toBe(0);
  });
});

describe('compareLabelSets', () => {
  it('counts images and labels that agree', async () => {
    const first = await setOf([[scored('a', 0.9), scored('b', 0.8)], [scored('c', 0.7)]]);
    const moved = record('b', [detection(0.8, [0, 0, 4, 3])]);
    const second = await setOf([[scored('a', 0.9), moved, scored('x')]]);
    expect(await compareLabelSets(first, second)).toEqual({
      shared: 2,
      onlyFirst: 1,
      onlySecond: 1,
      identical: 1,
      firstLabels: 2,
      secondLabels: 2,
      matched: 2,
      meanIou: 0.875,
    });
    expect(await compareLabelSets(first, second, { iou: 0.8 })).toMatchObject({ matched: 1, meanIou: 1 });
  });
});

describe('chooseThreshold', () => {
  it('finds the lowest threshold that holds the precision, on held-out images alone', async () => {
    const box: Xyxy = [0, 0, 4, 4];
    const right = [0.9, 0.8, 0.7, 0.6].map((score, at) => record(`r${at}`, [detection(score, [0, 0, 4, 4])]));
    const wrong = [0.65, 0.5, 0.4].map((score, at) => record(`w${at}`, [detection(score, [9, 9, 12, 12])]));
    const set = await setOf([[...right, ...wrong, scored('not held out', 0.99)]]);
    const truth = (key: string): Xyxy[] | undefined => (/^[rw]\d/.test(key) ? [box] : undefined);
    const chosen = await chooseThreshold(set, truth, { precision: 0.75, leastLabels: 1 });
    expect(chosen).toEqual({ threshold: 0.5, precision: 0.8, recall: 4 / 7, labels: 5, images: 7 });
    const all = await chooseThreshold(set, truth, { precision: 1, leastLabels: 1 });
    expect(all).toMatchObject({ threshold: 0.65, labels: 3 });
    await expect(chooseThreshold(set, truth, { precision: 0.9, leastLabels: 7 })).rejects.toThrow(
      /no threshold reaches precision 0\.9 on 7 held-out images with 7 labels; the best is 0\.5714/,
    );
    await expect(chooseThreshold(set, () => undefined, { precision: 0.9 })).rejects.toThrow(
      /among the held-out/,
    );
    await expect(chooseThreshold(set, truth, { precision: 0 })).rejects.toThrow(/\(0, 1\], got 0/);
  });
});
