import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { LabelingSpec, Teacher } from '@cassl/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitKey, type Commit } from './commit.ts';
import { commitOf } from './commit.fixture.ts';
import { ledgerFolder, openLedger, type Ledger } from './ledger.ts';

let home: string;
let ledger: Ledger;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-ledger-'));
  ledger = openLedger(pathToFileURL(home).href, 'ledger/job-1');
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function indices(commits: AsyncIterable<Commit>): Promise<number[]> {
  const found: number[] = [];
  for await (const { index } of commits) found.push(index);
  return found;
}

const pathOf = (index: number): string => join(home, 'ledger/job-1', commitKey(index));

describe('a ledger', () => {
  it('keeps the first commit of a shard, whoever comes after it', async () => {
    const first = commitOf(3, { attempt: 1 });
    expect(await ledger.commit(first)).toEqual({ commit: first, isFirst: true });
    expect(await ledger.commit(commitOf(3, { attempt: 2 }))).toEqual({ commit: first, isFirst: false });
    expect(await ledger.read(3)).toEqual(first);
    expect([await ledger.has(3), await ledger.has(4)]).toEqual([true, false]);
  });

  it('lets one of many commits at the same time stand, and all see the same one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, attempt) => ledger.commit(commitOf(0, { attempt }))),
    );
    expect(answers.filter(({ isFirst }) => isFirst)).toHaveLength(1);
    expect(new Set(answers.map(({ commit }) => commit.attempt)).size).toBe(1);
  });

  it('lists commits that are not known, across the folders of a thousand', async () => {
    for (const index of [0, 999, 1000, 2500]) await ledger.commit(commitOf(index));
    const found = await indices(ledger.unknown((index) => index === 999));
    expect(found.sort((a, b) => a - b)).toEqual([0, 1000, 2500]);
  });

  it('reads a range in order and leaves out what is not done', async () => {
    for (const index of [41, 2, 3, 60, 7]) await ledger.commit(commitOf(index));
    expect(await indices(ledger.range(0, 50))).toEqual([2, 3, 7, 41]);
    expect(await indices(ledger.range(3, 7))).toEqual([3]);
    expect(await indices(ledger.range(5, 5))).toEqual([]);
  });

  it('names the commit that is damaged, wherever it is read', async () => {
    await ledger.commit(commitOf(1));
    await writeFile(pathOf(1), (await readFile(pathOf(1))).subarray(0, 30));
    const damaged = { code: 'DATA_LOSS', message: expect.stringContaining(commitKey(1)) as string };
    await expect(ledger.read(1)).rejects.toMatchObject(damaged);
    await expect(indices(ledger.unknown(() => false))).rejects.toMatchObject(damaged);
    await expect(indices(ledger.range(0, 3))).rejects.toMatchObject(damaged);
  });

  it('leaves out what others put into its folder', async () => {
    await ledger.commit(commitOf(5));
    await mkdir(dirname(pathOf(5)), { recursive: true });
    await writeFile(join(dirname(pathOf(5)), 'notes.txt'), 'x');
    expect(await indices(ledger.unknown(() => false))).toEqual([5]);
  });

  it('has label files of all jobs of an output in one place', () => {
    const other = openLedger(`${pathToFileURL(home).href}///`, 'ledger/job-2');
    expect(other.labels.uri).toBe(ledger.labels.uri);
    expect(other.store.uri).not.toBe(ledger.store.uri);
  });
});

describe('the folder of a labeling', () => {
  const base: Partial<LabelingSpec> = { pool: { uri: 'file:///pool', limit: 0 }, shardSize: 4 };
  const folder = (changes: Partial<LabelingSpec> = {}, id = 'job', digest = 'd'): string =>
    ledgerFolder(id, LabelingSpec.fromPartial({ ...base, ...changes }), digest);

  it('is the same for what cannot change a label', () => {
    expect(folder({ priority: 3, weight: 9, maxWorkers: 2, workerPool: 'gpu' })).toBe(folder());
    expect(folder()).toMatch(/^ledger\/job-[0-9a-f]{8}$/);
  });

  it.each<[string, string]>([
    ['another id', folder({}, 'other')],
    ['another checkpoint', folder({}, 'job', 'e')],
    ['another pool', folder({ pool: { uri: 'file:///other', limit: 0 } })],
    ['another limit', folder({ pool: { uri: 'file:///pool', limit: 7 } })],
    ['another size of shards', folder({ shardSize: 8 })],
    [
      'another floor',
      folder({ options: { threshold: 0.4, nonOverlap: false, maxDetections: 0, classSpecific: false } }),
    ],
    ['another teacher', folder({ teacher: Teacher.fromPartial({ prompts: ['thing'] }) })],
  ])('is another one for %s', (_, other) => {
    expect(other).not.toBe(folder());
  });
});
