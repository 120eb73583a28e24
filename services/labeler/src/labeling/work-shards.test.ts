import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { invalidArgument } from '@cassl/errors';
import { openLabelSet } from '@cassl/labels';
import { JobState, LabelingReport } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestLabeling, stubRows, type TestLabeling } from './labeling.fixture.ts';
import { roundScore } from './labeling-spec.ts';

const { JOB_STATE_SUCCEEDED, JOB_STATE_FAILED } = JobState;

let test: TestLabeling;
beforeAll(async () => {
  test = await openTestLabeling();
});
afterAll(() => test.close());

/** The folder of a job's commits. */
async function ledgerOf(id: string): Promise<string> {
  const [name = ''] = (await readdir(join(test.home, 'out/ledger'))).filter((each) =>
    each.startsWith(`${id}-`),
  );
  return join(test.home, 'out/ledger', name);
}

describe('a worker on the shards of a labeling', () => {
  it('labels no shard that has a commit, and the job counts it all the same', async () => {
    const uri = await test.pool('done-before', 12);
    const spec = test.spec(uri);
    await test.labelings.start('done-before', spec);
    const seen: number[] = [];
    const label: Parameters<TestLabeling['work']>[0] = (shard, entries) => {
      seen.push(shard.index);
      return Promise.resolve(stubRows(entries));
    };
    const stop = test.work(label);
    const first = await test.ended('done-before');
    expect([...seen].sort()).toEqual([0, 1, 2]);
    // The same id again after its records are gone: the ledger still has all commits.
    await test.forgetAll();
    await test.until('done-before', ({ status }) => status?.state === JOB_STATE_SUCCEEDED);
    await stop();
    expect((await test.labelings.get('done-before')).labelSetDigest).toBe(first.labelSetDigest);
    expect(seen).toHaveLength(3);
  });

  it('tries a shard again whose labeling failed once, and counts the images once', async () => {
    const uri = await test.pool('flaky', 8);
    const failedOnce = new Set<number>();
    await test.labelings.start('flaky', test.spec(uri));
    const stop = test.work((shard, entries) => {
      if (failedOnce.has(shard.index)) return Promise.resolve(stubRows(entries));
      failedOnce.add(shard.index);
      return Promise.reject(new TypeError('a hiccup'));
    });
    const job = await test.ended('flaky', 55_000);
    await stop();
    expect(job).toMatchObject({ labeledImages: 8, labelCount: 8, deadShardCount: 0, failures: [] });
    expect(job.status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
  });

  it('fails the job at once where labels cannot be written', async () => {
    const uri = await test.pool('unwritable', 8);
    await test.labelings.start('unwritable', test.spec(uri, { outputUri: `${uri}-out` }));
    await test.until('unwritable', ({ shardCount }) => shardCount > 0);
    // A file where the folder of label files should be.
    await writeFile(fileURLToPath(`${uri}-out/labels`), 'x');
    const stop = test.work();
    const { status } = await test.ended('unwritable', 55_000);
    await stop();
    expect(status).toMatchObject({ state: JOB_STATE_FAILED });
    expect(status!.error!.message).toMatch(/^labels cannot be written: .*a part of the path is a file/);
  });

  it('gives a shard up whose reason is permanent for every attempt, naming it', async () => {
    const uri = await test.pool('refused', 4);
    await test.labelings.start('refused', test.spec(uri));
    const stop = test.work(() =>
      Promise.reject(invalidArgument('manifest.model.depth must be 1 to 9, got 10')),
    );
    const { status, deadShards } = await test.ended('refused', 55_000);
    await stop();
    expect(status!.error!.message).toContain('manifest.model.depth must be 1 to 9, got 10');
    expect(deadShards[0]).toContain('shard 0');
  });

  it('lets the shard in hand go when it is stopped; another worker does it', async () => {
    const uri = await test.pool('handed-back', 4);
    await test.labelings.start('handed-back', test.spec(uri));
    const begun = Promise.withResolvers<void>();
    const stopFirst = test.work(async (_shard, _entries, signal) => {
      begun.resolve();
      await sleep(60_000, undefined, { signal });
      return [];
    });
    await begun.promise;
    await stopFirst();
    const stop = test.work();
    const job = await test.ended('handed-back');
    await stop();
    expect(job.status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
    expect(job.labeledImages).toBe(4);
  });
});

describe('the leader of a labeling', () => {
  it('leaves out a report that nobody can read', async () => {
    const uri = await test.pool('noise', 8);
    await test.labelings.start('noise', test.spec(uri));
    await test.until('noise', ({ shardCount }) => shardCount > 0);
    const commit = LabelingReport.encode({ fact: { $case: 'commit', value: Buffer.from('{"index":') } });
    await test.queue.report('noise', { id: 'garbage', bytes: Buffer.from([0xff, 0xff, 0xff, 0x07]) });
    await test.queue.report('noise', { id: 'torn', bytes: commit.finish() });
    const stop = test.work();
    const job = await test.ended('noise', 55_000);
    await stop();
    expect(job.status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
    expect((await openLabelSet(job.labelSetUri)).totals.images).toBe(8);
  });

  it('fails at a commit that is damaged, naming the file', async () => {
    const uri = await test.pool('torn', 8);
    await test.labelings.start('torn', test.spec(uri));
    await test.until('torn', ({ shardCount }) => shardCount > 0);
    const folder = join(await ledgerOf('torn'), 'commits/00000');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, '00000001.json'), '{"index":1,');
    const stop = test.work();
    const { status } = await test.ended('torn', 55_000);
    await stop();
    expect(status).toMatchObject({ state: JOB_STATE_FAILED });
    expect(status!.error!.message).toContain('00000001.json');
  });

  it('tells no finished job with a damaged ledger as one without labels', async () => {
    const uri = await test.pool('robbed', 12);
    await test.labelings.start('robbed', test.spec(uri));
    const stop = test.work();
    const { labelSetUri } = await test.ended('robbed');
    await stop();
    const commit = join(await ledgerOf('robbed'), 'commits/00000/00000001.json');
    const page = { pageSize: 0, pageToken: '' };
    const refused = async (message: RegExp): Promise<void> => {
      for (const ask of [() => test.labelings.get('robbed'), () => test.labelings.files('robbed', page)])
        await expect(ask()).rejects.toMatchObject({
          code: 'DATA_LOSS',
          message: expect.stringMatching(message),
        });
    };
    await writeFile(commit, '{"index":1,');
    await refused(/00000001\.json is damaged/);
    await rm(commit);
    await refused(/1 of the commits of shards 0 to 2 are gone from .*, the first is .*00000001\.json/);
    const rest = await test.labelings.files('robbed', { pageSize: 1, pageToken: '2' });
    expect(rest.items.map(({ index }) => index)).toEqual([2]);
    expect((await openLabelSet(labelSetUri)).totals.images).toBe(12);
  });

  it('goes on with no other manifest than the one that it began with', async () => {
    const uri = await test.pool('another', 8);
    await test.labelings.start('another', test.spec(uri));
    await test.until('another', ({ shardCount }) => shardCount > 0);
    const index = join(await ledgerOf('another'), 'manifest/index.json');
    const record = join(test.home, '.cassl/labelings/another.json');
    while (!(await readFile(record, 'utf8')).includes('manifestDigest":"sha256')) await sleep(50);
    await writeFile(index, (await readFile(index, 'utf8')).replace('"listed":8', '"listed":9'));
    await test.forgetAll();
    const { status } = await test.until('another', ({ status: now }) => now?.error !== undefined);
    expect(status).toMatchObject({ state: JOB_STATE_FAILED, error: { code: 'DATA_LOSS' } });
    expect(status!.error!.message).toMatch(/index\.json was changed: .*, the job began with sha256:/);
  });

  it('refuses a pool without images, and names it', async () => {
    const uri = await test.pool('empty-pool', 0);
    await test.labelings.start('empty-pool', test.spec(uri));
    const { status } = await test.ended('empty-pool');
    expect(status).toMatchObject({ state: JOB_STATE_FAILED, error: { code: 'FAILED_PRECONDITION' } });
    expect(status!.error!.message).toContain('holds no image that can be read: 0 of 0 files are images');
  });
});

it('a score that came as a float32 is what was meant', () => {
  expect(roundScore(Math.fround(0.05))).toBe(0.05);
  expect(roundScore(Math.fround(0.123456))).toBe(0.123456);
});
