import { LabelingSpec } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { commitOf, labelingOf } from './commit.fixture.ts';
import { Tally } from './tally.ts';

const failure = (key: string, message = 'truncated') => ({ key, code: 'INVALID_ARGUMENT', message });

describe('the tally of a labeling', () => {
  it('counts each shard once, in whatever order and however often its commit comes', () => {
    const tally = new Tally(3, 12);
    const added = [2, 0, 2, 0, 1].map((index) => tally.add(commitOf(index)));
    expect(added).toEqual([true, true, false, false, true]);
    expect(tally).toMatchObject({ doneCount: 3, labeled: 12, labels: 12, seconds: 1.5 });
    expect([...tally.undone()]).toEqual([]);
  });

  it('takes no commit of a shard that the job does not have', () => {
    const tally = new Tally(2, 8);
    expect(tally.add(commitOf(2))).toBe(false);
    expect(tally.doneCount).toBe(0);
    expect([...tally.undone()]).toEqual([0, 1]);
  });

  it('sums what the label files say', () => {
    const tally = new Tally(2, 8);
    tally.add(commitOf(0, { file: { labeled: 1, empty: 2, failed: 1, labels: 5 } }));
    tally.add(commitOf(1, { file: { labeled: 0, empty: 4, failed: 0, labels: 0 } }));
    expect(tally.on(labelingOf('a'))).toMatchObject({
      shardCount: 2,
      shardsDone: 2,
      labeledImages: 1,
      emptyImages: 6,
      failedImages: 1,
      labelCount: 5,
      workerSeconds: 1,
      status: { progress: { done: 8, total: 8, unit: 'images' } },
    });
  });

  it('knows dead shards until one is done after all', () => {
    const tally = new Tally(4, 16);
    tally.giveUp(1, 'no memory');
    tally.giveUp(3, 'no layer');
    tally.giveUp(9, 'is no shard');
    expect(tally.dead()).toEqual([1, 3]);
    expect([...tally.undone()]).toEqual([0, 2]);
    tally.add(commitOf(3));
    expect(tally.dead()).toEqual([1]);
    tally.giveUp(3, 'late news of an older attempt');
    expect(tally.dead()).toEqual([1]);
    expect(tally.on(labelingOf('a'))).toMatchObject({
      deadShardCount: 1,
      deadShards: ['shard 1: no memory'],
    });
  });

  it('revives the dead, which are to be done again', () => {
    const tally = new Tally(3, 12);
    tally.giveUp(0, 'x');
    tally.giveUp(2, 'y');
    expect(tally.revive()).toEqual([0, 2]);
    expect(tally.deadCount).toBe(0);
    expect([...tally.undone()]).toEqual([0, 1, 2]);
    expect(tally.revive()).toEqual([]);
  });

  it('keeps the record small: twenty failures, ten dead shards, two hundred characters', () => {
    const tally = new Tally(40, 4000);
    for (let index = 0; index < 10; index++) {
      const failures = Array.from({ length: 10 }, (_, at) => failure(`${index}-${at}.jpg`, 'm'.repeat(5000)));
      tally.add(commitOf(index, { failures, file: { labeled: 0, failed: 10 } }));
    }
    for (let index = 20; index < 40; index++) tally.giveUp(index, 'r'.repeat(5000));
    const job = tally.on(labelingOf('a'));
    expect(job.failedImages).toBe(100);
    expect(job.failures.map(({ key }) => key)).toEqual(
      Array.from({ length: 20 }, (_, at) => `${Math.floor(at / 10)}-${at % 10}.jpg`),
    );
    expect(job.failures[0]?.error?.message).toBe(`${'m'.repeat(200)}…`);
    expect(job.deadShards).toHaveLength(10);
    expect(job.deadShardCount).toBe(20);
    expect(job.deadShards[0]).toBe(`shard 20: ${'r'.repeat(200)}…`);
  });

  it('says why it stands still', () => {
    const tally = new Tally(1, 4);
    const job = labelingOf('a', { pause: { by: 'operator', reason: 'look first' } });
    expect(tally.on(job).status?.progress).toMatchObject({ message: 'paused: look first', done: 0, rate: 0 });
    expect(tally.on(labelingOf('a')).status?.progress?.message).toBe('');
  });

  it('changes nothing of the record that it does not count', () => {
    const job = labelingOf('a', { manifestDigest: 'sha256:1', retries: 3, healthAcknowledged: true });
    expect(new Tally(1, 4).on(job)).toMatchObject({
      manifestDigest: 'sha256:1',
      retries: 3,
      healthAcknowledged: true,
      spec: job.spec,
    });
    expect(new Tally(1, 4).on({ ...job, status: undefined }).status).toBeUndefined();
  });

  it('estimates the rest by the rate of the last seconds', async () => {
    const tally = new Tally(2, 8);
    tally.on(labelingOf('a'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    tally.add(commitOf(0));
    const { rate = 0, etaSeconds } = tally.on(labelingOf('a')).status?.progress ?? {};
    expect(rate).toBeGreaterThan(0);
    expect(etaSeconds).toBeCloseTo(4 / rate, 9);
  });
});

describe('the failures that a labeling may have', () => {
  const withFailures = (count: number): Tally => {
    const tally = new Tally(1, 10);
    const failures = Array.from({ length: count }, (_, at) => failure(`${at}.jpg`));
    tally.add(commitOf(0, { failures, file: { failed: count, labeled: 10 - count } }));
    return tally;
  };
  const spec = (maxFailureRate?: number): LabelingSpec => LabelingSpec.fromPartial({ maxFailureRate });

  it('are any number but all where nobody bounds them, and up to the bound', () => {
    expect(withFailures(9).overBudget(spec())).toBeUndefined();
    expect(withFailures(10).overBudget(spec())).toMatch(
      /^10 of 10 images could not be labeled: 0\.jpg, 1\.jpg, 2\.jpg, … \(/,
    );
    expect(withFailures(3).overBudget(spec(0.3))).toBeUndefined();
    expect(withFailures(0).overBudget(spec(0))).toBeUndefined();
    expect(withFailures(10).overBudget(spec(1))).toBeUndefined();
  });

  it('beyond it are named with the bound', () => {
    expect(withFailures(4).overBudget(spec(0.35))).toBe(
      '4 of 10 images could not be labeled, LabelingSpec.max_failure_rate 0.35 allows 3: ' +
        '0.jpg, 1.jpg, 2.jpg, … (truncated)',
    );
    expect(withFailures(1).overBudget(spec(0))).toContain('allows 0: 0.jpg');
  });
});
