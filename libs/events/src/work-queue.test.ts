import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { failedPrecondition, invalidArgument, unavailable } from '@cassl/errors';
import { describe, expect, it } from 'vitest';
import {
  findNatsServers,
  jsonCodec,
  openWorkQueue,
  type ItemEnd,
  type ProcessOptions,
  type WorkItem,
  type WorkQueue,
} from './index.ts';
import { useTestServer } from './test-server.ts';

interface Shard {
  readonly index: number;
}
const codec = jsonCodec<Shard>();
const versions = findNatsServers().map((path) => ({
  path,
  version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(),
}));

async function fill(queue: WorkQueue<Shard>, job: string, count: number): Promise<number> {
  const { epoch } = await queue.openJob(job);
  const items = Array.from({ length: count }, (_, index) => ({ id: String(index), payload: { index } }));
  return queue.enqueue(job, items, { epoch });
}

/** Works until `isDone`, then stops and returns how every item ended. */
async function work(
  queue: WorkQueue<Shard>,
  handler: (item: WorkItem<Shard>) => Promise<void>,
  isDone: (ends: readonly ItemEnd[]) => boolean | Promise<boolean>,
  options: Partial<ProcessOptions<Shard>> = {},
): Promise<ItemEnd[]> {
  const stop = new AbortController();
  const ends: ItemEnd[] = [];
  const onEnd = (end: ItemEnd): void => void ends.push(end);
  const done = queue.process({ handler, concurrency: 2, signal: stop.signal, onEnd, ...options });
  for (let i = 0; i < 300 && !(await isDone(ends)); i++) await sleep(50);
  stop.abort();
  await done;
  return ends;
}

const outcomes = (ends: readonly ItemEnd[]): string[] =>
  ends.map(({ id, attempt, outcome }) => `${id}/${attempt} ${outcome}`).sort();

describe.skipIf(versions.length === 0).each(versions)('the work queue on $version', ({ path }) => {
  const test = useTestServer(path);

  it('stores a repeated item once, and forgets those that are done', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'once', codec });
    await fill(queue, 'j', 3);
    await fill(queue, 'j', 3);
    expect(await queue.counts('j')).toEqual({ waiting: 3, running: 0 });
    const ageMs = Date.now() - ((await queue.oldest('j'))?.getTime() ?? NaN);
    expect(ageMs).toBeGreaterThanOrEqual(0);
    expect(ageMs).toBeLessThan(30_000);
    const items: number[] = [];
    await work(
      queue,
      ({ payload }) => Promise.resolve(void items.push(payload.index)),
      (ends) => ends.length === 3,
    );
    expect(items.sort()).toEqual([0, 1, 2]);
    expect(await queue.counts('j')).toEqual({ waiting: 0, running: 0 });
    expect(await queue.counts('nobody')).toBeUndefined();
    expect(await queue.oldest('j')).toBeUndefined();
  });

  it('loses nothing across kill -9 of the server in the middle of the work', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'kill', codec, ackWaitMs: 2_000 });
    await fill(queue, 'j', 30);
    const results = new Map<number, number>();
    let restarted: Promise<void> | undefined;
    await work(
      queue,
      async ({ payload }) => {
        await sleep(30);
        results.set(payload.index, (results.get(payload.index) ?? 0) + 1);
        if (results.size === 10) restarted ??= test.restart();
      },
      async () => results.size === 30 && (await queue.counts('j'))?.running === 0,
    );
    await restarted;
    expect(results.size).toBe(30);
    expect(await queue.counts('j')).toEqual({ waiting: 0, running: 0 });
  });

  it('is filled again by who knows what is to be done, after its store was wiped', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'wipe', codec, ackWaitMs: 2_000 });
    await fill(queue, 'j', 4);
    const done = new Set<number>();
    let refilled: Promise<unknown> | undefined;
    await work(
      queue,
      async ({ payload }) => {
        done.add(payload.index);
        await sleep(20);
        if (done.size !== 2) return;
        refilled ??= test.wipe().then(async () => {
          expect(await queue.counts('j')).toBeUndefined();
          await queue.ensure();
          await fill(queue, 'j', 4);
        });
        await refilled;
      },
      () => done.size === 4,
    );
    expect([...done].sort()).toEqual([0, 1, 2, 3]);
  });

  it('keeps an item with its worker while the worker beats', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'beat', codec, ackWaitMs: 600 });
    await fill(queue, 'j', 1);
    const ends = await work(
      queue,
      () => sleep(2_000),
      (all) => all.length > 0,
    );
    expect(ends).toMatchObject([{ outcome: 'done', attempt: 1 }]);
  });

  it('tries a failed item again and puts a hopeless one aside with its reason', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'fail', codec, maxAttempts: 2 });
    await fill(queue, 'j', 3);
    const told: string[] = [];
    const ends = await work(
      queue,
      ({ payload, attempt, isLastAttempt }) => {
        if (payload.index === 0) return Promise.reject(invalidArgument('the shard is\nnot JSON'));
        if (payload.index === 1 && attempt === 1) return Promise.reject(new Error('disk away'));
        expect(isLastAttempt).toBe(attempt === 2);
        return payload.index === 2 ? Promise.reject(new Error('always')) : Promise.resolve();
      },
      (all) => all.length === 5,
      { onDead: ({ id, reason }) => Promise.resolve(void told.push(`${id} ${reason}`)) },
    );
    expect(outcomes(ends)).toEqual(['0/1 dead', '1/1 retried', '1/2 done', '2/1 retried', '2/2 dead']);
    const dead = await queue.dead('j');
    expect(dead.map(({ id, reason, payload }) => [id, reason, payload.index])).toEqual([
      ['0', 'INVALID_ARGUMENT: the shard is not JSON (attempt 1 of 2)', 0],
      ['2', 'UNKNOWN: always (attempt 2 of 2)', 2],
    ]);
    expect(told).toHaveLength(2);
    expect(await queue.dead('other')).toEqual([]);

    await queue.requeue(dead[1]!);
    const again = await work(
      queue,
      () => Promise.resolve(),
      (all) => all.length === 1,
    );
    expect(again).toMatchObject([{ id: '2', attempt: 1, outcome: 'done' }]);
    expect(await queue.dead()).toHaveLength(1);
  });

  it('counts workers that died, and gives an item up at the delivery after the last attempt, without trying it', async () => {
    const queue = await openWorkQueue(test.connection, {
      name: 'died',
      codec,
      ackWaitMs: 300,
      maxAttempts: 2,
    });
    await fill(queue, 'j', 1);
    // Workers that take the item and never say anything again.
    const consumer = await test.connection.js.consumers.get('JOBS_died', 'j');
    expect((await consumer.next({ expires: 2_000 }))?.info.deliveryCount).toBe(1);
    expect((await consumer.next({ expires: 2_000 }))?.info.deliveryCount).toBe(2);
    let tried = 0;
    const ends = await work(
      queue,
      () => Promise.resolve(void (tried += 1)),
      (all) => all.length === 1,
    );
    expect(tried).toBe(0);
    expect(ends).toMatchObject([{ outcome: 'dead', attempt: 3 }]);
    expect((await queue.dead('j'))[0]!.reason).toContain(
      'each of 2 workers that took it died or went silent',
    );
  });

  it('charges no attempt for a stopping worker or an outage of a neighbour, however often', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'free', codec, maxAttempts: 1 });
    await fill(queue, 'j', 1);
    for (let round = 0; round < 3; round++) {
      let begun = false;
      const handed = await work(
        queue,
        async ({ signal }) => {
          begun = true;
          await sleep(20_000, undefined, { signal });
        },
        () => begun,
        { concurrency: 1 },
      );
      expect(outcomes(handed)).toEqual(['0/1 handed-back']);
    }
    let calls = 0;
    const ends = await work(
      queue,
      () => (++calls < 3 ? Promise.reject(unavailable('the registry is away')) : Promise.resolve()),
      (all) => all.length === 3,
    );
    expect(outcomes(ends)).toEqual(['0/1 done', '0/1 waiting', '0/1 waiting']);
    expect(await queue.dead()).toEqual([]);
  });

  it('calls nothing dead that other jobs left in the queue when one of them is cancelled', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'others', codec, ackWaitMs: 1_000 });
    for (const job of ['a', 'b', 'c']) await fill(queue, job, 12);
    const seen: string[] = [];
    let cancelled: Promise<unknown> | undefined;
    await work(
      queue,
      async ({ job, id }) => {
        cancelled ??= queue.cancel('a');
        await cancelled;
        seen.push(`${job}${id}`);
        await sleep(5);
      },
      () => seen.filter((name) => !name.startsWith('a')).length === 24,
    );
    expect(new Set(seen.filter((name) => !name.startsWith('a'))).size).toBe(24);
    expect(await queue.dead()).toEqual([]);
  });

  it('stops the running items of a cancelled job, drops the waiting ones, and late ones of its epoch', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'cancel', codec });
    await fill(queue, 'a', 2_000);
    let started = 0;
    let cancelled: Promise<number> | undefined;
    const ends = await work(
      queue,
      async ({ signal }) => {
        started += 1;
        if (started === 2) cancelled = queue.cancel('a');
        await sleep(20_000, undefined, { signal });
      },
      (all) => all.length === 2,
    );
    expect(await cancelled).toBe(1);
    expect(ends.map(({ outcome }) => outcome)).toEqual(['dropped', 'dropped']);
    expect(await queue.counts('a')).toEqual({ waiting: 0, running: 0 });
    await queue.openJob('a');
    await queue.enqueue('a', [{ id: 'late', payload: { index: 1 } }], { epoch: 0 });
    await queue.enqueue('a', [{ id: 'new', payload: { index: 2 } }], { epoch: 1 });
    const after = await work(
      queue,
      () => Promise.resolve(),
      (all) => all.length === 2,
    );
    expect(after.map(({ id, outcome }) => `${id} ${outcome}`).sort()).toEqual(['late dropped', 'new done']);
    expect(started).toBe(2);
  });

  it('shares workers among jobs, obeys a cap, and leaves a paused job alone', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'share', codec });
    await fill(queue, 'long', 200);
    await fill(queue, 'short', 10);
    await fill(queue, 'paused', 3);
    await queue.openJob('paused', { isPaused: true });
    await queue.openJob('long', { maxRunning: 1 });
    const seen: string[] = [];
    let now = 0;
    let most = 0;
    await work(
      queue,
      async ({ job }) => {
        seen.push(job);
        if (job === 'long') most = Math.max(most, ++now);
        await sleep(10);
        if (job === 'long') now -= 1;
      },
      () => seen.filter((job) => job === 'short').length === 10 && seen.length > 15,
      { concurrency: 3 },
    );
    expect(most).toBe(1);
    // 200 items before it must not make it wait.
    expect(seen.lastIndexOf('short')).toBeLessThan(60);
    expect(seen).not.toContain('paused');
    await queue.openJob('paused', { isPaused: false, priority: 1 });
    const next: string[] = [];
    await work(
      queue,
      ({ job }) => Promise.resolve(void next.push(job)),
      () => next.length > 5,
      { concurrency: 1 },
    );
    expect(next.slice(0, 3)).toEqual(['paused', 'paused', 'paused']);
  });

  it('gives up an attempt that takes too long', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'hang', codec, maxAttempts: 1 });
    await fill(queue, 'j', 1);
    const ends = await work(
      queue,
      () => new Promise(() => undefined),
      (all) => all.length === 1,
      { itemTimeoutMs: 200, concurrency: 1 },
    );
    expect(ends).toMatchObject([{ outcome: 'dead' }]);
    expect((await queue.dead('j'))[0]!.reason).toContain('not done within 200 ms');
  });

  it('tells all reports from the first one on, once each', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'tell', codec });
    const say = (id: string): Promise<void> => queue.report('j', { id, bytes: Buffer.from(id) });
    await say('1');
    await say('1');
    await queue.report('other', { id: '9', bytes: Buffer.from('9') });
    const stop = new AbortController();
    const heard: string[] = [];
    for await (const batch of queue.reports('j', stop.signal)) {
      heard.push(...batch.map((bytes) => Buffer.from(bytes).toString()));
      if (heard.length === 1) await say('2');
      if (heard.length === 2) stop.abort();
    }
    expect(heard).toEqual(['1', '2']);
  });

  it('refuses work beyond its limit instead of dropping the oldest', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'full', codec, maxItems: 2 });
    await fill(queue, 'j', 2);
    await expect(
      queue.enqueue('j', [{ id: '2', payload: { index: 2 } }], { epoch: 0 }),
    ).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    await expect(queue.openJob('a b')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('puts aside at once what no repetition can heal', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'hopeless', codec });
    await fill(queue, 'j', 1);
    const ends = await work(
      queue,
      () => Promise.reject(failedPrecondition('no such folder')),
      (all) => all.length === 1,
    );
    expect(outcomes(ends)).toEqual(['0/1 dead']);
  });
});
