import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEvents } from '@cassl/events';
import { openLabelSet } from '@cassl/labels';
import { JobState, Labeling } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestLabeling, stubRows, TEACHER, type TestLabeling } from './labeling.fixture.ts';

let test: TestLabeling;
beforeAll(async () => {
  test = await openTestLabeling();
});
afterAll(() => test.close());

const { JOB_STATE_SUCCEEDED, JOB_STATE_FAILED } = JobState;

async function keysOf(job: Labeling): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of (await openLabelSet(job.labelSetUri)).rows()) keys.push(key);
  return keys;
}

describe('a labeling', () => {
  it('labels each image of the pool once and leaves a label set', async () => {
    const uri = await test.pool('plain', 30);
    await writeFile(join(fileURLToPath(uri), 'notes.txt'), 'x');
    await test.labelings.start('plain', test.spec(uri));
    const stop = test.work();
    const job = await test.ended('plain');
    await stop();
    expect(job.status).toMatchObject({ state: JOB_STATE_SUCCEEDED, progress: { done: 30, total: 30 } });
    expect(job).toMatchObject({ shardCount: 8, shardsDone: 8, labeledImages: 30, labelCount: 30 });
    expect(job.pool).toMatchObject({ listed: 31, kept: 30, unread: [{ count: 1, examples: ['notes.txt'] }] });
    expect(await keysOf(job)).toEqual(
      Array.from({ length: 30 }, (_, i) => `${String(i).padStart(5, '0')}.jpg`),
    );
    expect(job.labelUris).toHaveLength(8);
    const page = await test.labelings.files('plain', { pageSize: 3, pageToken: '6' });
    expect(page.items.map(({ index }) => index)).toEqual([6, 7]);
    expect(page.nextPageToken).toBe('');
  });

  it('has the same label set after its broker was killed and its store wiped in the middle', async () => {
    const uri = await test.pool('plain', 30);
    await test.labelings.start('wiped', test.spec(uri));
    const slowly: Parameters<TestLabeling['work']>[0] = async (_shard, entries) => {
      await sleep(300);
      return stubRows(entries);
    };
    const stop = test.work(slowly);
    await test.until('wiped', ({ shardsDone }) => shardsDone >= 2);
    await test.restartBroker(true);
    const job = await test.ended('wiped', 55_000);
    await stop();
    expect(job.status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
    const undisturbed = await test.labelings.get('plain').catch(() => undefined);
    const sets = (await readdir(join(test.home, 'out/labels'))).filter((name) => name.includes('labelset'));
    expect(sets).toHaveLength(1);
    if (undisturbed !== undefined) expect(job.labelSetDigest).toBe(undisturbed.labelSetDigest);
  });

  it('are found again in object storage where the broker and all labelers forgot them', async () => {
    const uri = await test.pool('plain', 30);
    const plain = await test.ended('plain');
    const options = { threshold: 0.4, nonOverlap: false, maxDetections: 7, classSpecific: false };
    await test.labelings.start('stopped', test.spec(uri, { options }));
    await test.labelings.cancel('stopped');
    await test.labelings.start('found', test.spec(uri));
    const stop = test.work(async (_shard, entries) => {
      await sleep(300);
      return stubRows(entries);
    });
    const { shardsDone } = await test.until('found', (job) => job.shardsDone >= 2);
    await stop();
    await writeFile(join(test.home, '.cassl/labelings/damaged.json'), '{"status":');
    await test.forgetAll();
    const again = test.work();
    const job = await test.until('found', ({ status }) => status?.state === JOB_STATE_SUCCEEDED, 55_000);
    await again();
    expect(shardsDone).toBeGreaterThanOrEqual(2);
    expect(job.labelSetDigest).toBe(plain.labelSetDigest);
    expect(await test.labelings.get('plain')).toMatchObject({
      status: { state: JOB_STATE_SUCCEEDED },
      labelSetDigest: plain.labelSetDigest,
    });
    expect((await test.labelings.get('stopped')).status).toMatchObject({
      state: JobState.JOB_STATE_CANCELLED,
    });
    await expect(test.labelings.get('damaged')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('calls a shard dead that fails five times, and revives it when asked', async () => {
    const uri = await test.pool('dead', 8);
    const label: Parameters<TestLabeling['work']>[0] = (shard, entries, _signal) =>
      shard.index === 1 && isBroken
        ? Promise.reject(new TypeError('no such layer'))
        : Promise.resolve(stubRows(entries));
    let isBroken = true;
    await test.labelings.start('dead', test.spec(uri));
    const stop = test.work(label);
    const failed = await test.ended('dead', 55_000);
    expect(failed.status).toMatchObject({ state: JOB_STATE_FAILED });
    expect(failed.status!.error!.message).toMatch(
      /1 of 2 shards were given up .*no such layer \(attempt 5 of 5\)/,
    );
    isBroken = false;
    await test.labelings.retryDead('dead');
    const job = await test.ended('dead');
    await stop();
    expect(job.status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
    expect(await keysOf(job)).toHaveLength(8);
  });

  it('pauses for a teacher that labels nothing before its third shard, and goes on when a person says so', async () => {
    const uri = await test.pool('empty', 160);
    const seen: number[] = [];
    const label: Parameters<TestLabeling['work']>[0] = async (shard, entries) => {
      seen.push(shard.index);
      await sleep(600);
      return stubRows(entries, () => 0);
    };
    const news = (await openEvents(test.connection)).subscribe({
      kinds: ['labeling.unhealthy'],
      signal: AbortSignal.timeout(60_000),
    });
    const told = news.next();
    await test.labelings.start('empty', test.spec(uri, { shardSize: 32, health: undefined }));
    const stop = test.work(label, 1);
    const paused = await test.until('empty', ({ pause }) => pause !== undefined);
    expect(paused.pause).toMatchObject({ by: 'health', reason: expect.stringContaining('labels nothing') });
    expect((await told).value).toMatchObject({
      fact: { value: { labelingId: 'empty', teacherDigest: TEACHER, health: { emptyRate: 1 } } },
    });
    await news.return(undefined);
    await sleep(2_500);
    expect(seen.length).toBeLessThanOrEqual(2);
    await test.labelings.resume('empty');
    expect((await test.ended('empty')).status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
    await stop();
  });

  it('fails when more images cannot be labeled than are allowed, and names them; fewer are rows', async () => {
    const uri = await test.pool('budget', 20);
    const label: Parameters<TestLabeling['work']>[0] = (_shard, entries) =>
      Promise.resolve(
        stubRows(entries).map((row) =>
          row.key.startsWith('0000')
            ? {
                key: row.key,
                location: row.location,
                failure: { code: 'INVALID_ARGUMENT', message: 'truncated' },
              }
            : row,
        ),
      );
    await test.labelings.start('strict', test.spec(uri, { maxFailureRate: 0.3 }));
    await test.labelings.start('loose', test.spec(uri, { maxFailureRate: 0.5 }));
    const stop = test.work(label);
    const strict = await test.ended('strict');
    const loose = await test.ended('loose');
    await stop();
    expect(strict.status!.error!.message).toMatch(
      /images could not be labeled.*allows 6: 0000\d\.jpg, .* \(truncated\)/,
    );
    expect(loose.status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
    expect(loose).toMatchObject({ failedImages: 10, labeledImages: 10 });
  });

  it('pauses at a word, and is cancelled without harm to others', async () => {
    const uri = await test.pool('plain', 30);
    await test.labelings.start(
      'held',
      test.spec(uri, {
        options: { threshold: 0.2, nonOverlap: false, maxDetections: 7, classSpecific: false },
      }),
    );
    await test.until('held', ({ shardCount }) => shardCount > 0);
    await test.labelings.pause('held', '');
    await test.labelings.pause('held', 'look first');
    expect((await test.labelings.pause('held', '')).pause).toEqual({ by: 'operator', reason: 'look first' });
    await test.labelings.start(
      'gone',
      test.spec(uri, {
        options: { threshold: 0.3, nonOverlap: false, maxDetections: 7, classSpecific: false },
      }),
    );
    await test.until('gone', ({ shardCount }) => shardCount > 0);
    const stop = test.work(async (_shard, entries) => {
      await sleep(50);
      return stubRows(entries);
    });
    await test.labelings.cancel('gone');
    await sleep(1_000);
    expect((await test.labelings.get('held')).shardsDone).toBe(0);
    await test.labelings.resume('held');
    expect((await test.ended('held')).status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
    await test.labelings.resume('gone');
    expect((await test.ended('gone')).status).toMatchObject({ state: JOB_STATE_SUCCEEDED });
    await stop();
  });

  it('says which file of the manifest was changed', async () => {
    const uri = await test.pool('changed', 8);
    await test.labelings.start('changed', test.spec(uri));
    await test.until('changed', ({ shardCount }) => shardCount > 0);
    const [folder = ''] = (await readdir(join(test.home, 'out/ledger'))).filter((name) =>
      name.startsWith('changed-'),
    );
    const manifest = join(test.home, 'out/ledger', folder, 'manifest');
    const [chunk = ''] = (await readdir(manifest)).filter((name) => name.endsWith('.jsonl'));
    await writeFile(
      join(manifest, chunk),
      (await readFile(join(manifest, chunk), 'utf8')).replace('00001', '00009'),
    );
    const stop = test.work();
    const { status } = await test.ended('changed');
    await stop();
    expect(status).toMatchObject({ state: JOB_STATE_FAILED });
    expect(status!.error!.message).toMatch(/manifest\/[0-9a-f]{64}\.jsonl .* was changed/);
  });

  it('keeps its record small', async () => {
    expect(Labeling.encode(await test.labelings.get('loose')).finish().length).toBeLessThan(10_000);
  });
});
