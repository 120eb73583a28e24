import { setTimeout as sleep } from 'node:timers/promises';
import { invalidArgument } from '@cassl/errors';
import { LabelingShard } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import {
  jsonCodec,
  messageCodec,
  openWorkQueue,
  type ItemEnd,
  type WorkItem,
  type WorkQueue,
} from './index.ts';
import { hasNatsServer, useTestServer } from './test-server.ts';

interface Shard {
  readonly index: number;
}
const codec = jsonCodec<Shard>();

async function enqueueAll(queue: WorkQueue<Shard>, job: string, count: number, epoch = 0): Promise<void> {
  for (let index = 0; index < count; index++) {
    await queue.enqueue({ job, id: String(index), epoch, payload: { index } });
  }
}

/** Works until `isDone`, then stops and returns how every item ended. */
async function work(
  queue: WorkQueue<Shard>,
  handler: (item: WorkItem<Shard>) => Promise<void>,
  isDone: (ends: readonly ItemEnd[]) => boolean | Promise<boolean>,
): Promise<ItemEnd[]> {
  const stop = new AbortController();
  const ends: ItemEnd[] = [];
  const done = queue.process({
    handler,
    concurrency: 2,
    signal: stop.signal,
    onEnd: (end) => ends.push(end),
  });
  for (let i = 0; i < 300 && !(await isDone(ends)); i++) await sleep(50);
  stop.abort();
  await done;
  return ends;
}

describe.skipIf(!hasNatsServer())('work queue on a real nats-server', () => {
  const test = useTestServer();

  it('carries protobuf items, stores a repeated one once, and forgets those that are done', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'proto', codec: messageCodec(LabelingShard) });
    const payload = LabelingShard.fromPartial({ labelingId: 'j', index: 3, threshold: 0.5 });
    await queue.enqueue({ job: 'j', id: '3', epoch: 0, payload });
    await queue.enqueue({ job: 'j', id: '3', epoch: 0, payload });
    expect(await queue.counts()).toEqual({ waiting: 1, running: 0, dead: 0 });
    const stop = new AbortController();
    const items: WorkItem<LabelingShard>[] = [];
    await queue.process({
      signal: stop.signal,
      handler: (item) => {
        items.push(item);
        stop.abort();
        return Promise.resolve();
      },
    });
    expect(items).toMatchObject([{ job: 'j', id: '3', attempt: 1, payload }]);
    expect(await queue.counts()).toEqual({ waiting: 0, running: 0, dead: 0 });
  });

  it('loses nothing and does nothing twice across kill -9 of the server in the middle of the work', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'kill', codec, ackWaitMs: 2_000 });
    await enqueueAll(queue, 'j', 30);
    const results = new Map<number, number>();
    let restarted: Promise<void> | undefined;
    const ends = await work(
      queue,
      async ({ payload }) => {
        await sleep(30);
        results.set(payload.index, (results.get(payload.index) ?? 0) + 1);
        if (results.size === 10) restarted ??= test.restart();
      },
      async () => results.size === 30 && (await queue.counts()).running === 0,
    );
    await restarted;
    expect(results.size).toBe(30);
    expect(ends.filter(({ outcome }) => outcome === 'done').length).toBeGreaterThanOrEqual(30);
    expect(await queue.counts()).toEqual({ waiting: 0, running: 0, dead: 0 });
  });

  it('keeps an item with its worker while the worker beats', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'beat', codec, ackWaitMs: 600 });
    await enqueueAll(queue, 'j', 1);
    const ends = await work(
      queue,
      () => sleep(2_000),
      (all) => all.length > 0,
    );
    expect(ends).toMatchObject([{ outcome: 'done', attempt: 1 }]);
  });

  it('tries a failed item again and puts a hopeless one aside with its reason', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'fail', codec, maxDeliver: 2 });
    await enqueueAll(queue, 'j', 3);
    const ends = await work(
      queue,
      ({ payload, attempt }) => {
        if (payload.index === 0) return Promise.reject(invalidArgument('the shard is\nnot JSON'));
        if (payload.index === 1 && attempt === 1) return Promise.reject(new Error('disk away'));
        return payload.index === 2 ? Promise.reject(new Error('always')) : Promise.resolve();
      },
      (all) => all.length === 5,
    );
    expect(ends.map(({ id, attempt, outcome }) => `${id}/${attempt} ${outcome}`).sort()).toEqual([
      '0/1 dead',
      '1/1 retried',
      '1/2 done',
      '2/1 retried',
      '2/2 dead',
    ]);
    const dead = await queue.dead('j');
    expect(dead.map(({ id, reason, payload }) => [id, reason, payload.index])).toEqual([
      ['0', 'INVALID_ARGUMENT: the shard is not JSON', 0],
      ['2', 'UNKNOWN: always', 2],
    ]);
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

  it('puts an item aside whose workers all died', async () => {
    const queue = await openWorkQueue(test.connection, {
      name: 'died',
      codec,
      ackWaitMs: 500,
      maxDeliver: 2,
    });
    await enqueueAll(queue, 'j', 2);
    const stop = new AbortController();
    const collecting = queue.collectDead({ signal: stop.signal, sweepEveryMs: 300 });
    // Workers that take items and never say anything again.
    const consumer = await test.connection.js.consumers.get('WORK_died', 'workers');
    for (let i = 0; i < 40 && (await queue.counts()).dead < 2; i++) {
      await consumer.next({ expires: 1_000 });
    }
    stop.abort();
    await collecting;
    expect(await queue.counts()).toEqual({ waiting: 0, running: 0, dead: 2 });
    expect((await queue.dead())[0]!.reason).toContain('delivered 2 times');
  });

  it('finds given-up items whose advisory was lost', async () => {
    const queue = await openWorkQueue(test.connection, {
      name: 'sweep',
      codec,
      ackWaitMs: 400,
      maxDeliver: 1,
    });
    await enqueueAll(queue, 'j', 1);
    const consumer = await test.connection.js.consumers.get('WORK_sweep', 'workers');
    await consumer.next({ expires: 1_000 });
    await consumer.next({ expires: 1_500 });
    await test.connection.jsm.streams.purge('ADVICE_sweep');
    const stop = new AbortController();
    const collecting = queue.collectDead({ signal: stop.signal, sweepEveryMs: 200 });
    for (let i = 0; i < 50 && (await queue.counts()).dead < 1; i++) await sleep(100);
    stop.abort();
    await collecting;
    expect((await queue.dead()).map(({ id }) => id)).toEqual(['0']);
  });

  it('stops the running items of a cancelled job, removes the waiting ones, and drops late ones', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'cancel', codec });
    await enqueueAll(queue, 'a', 5);
    const started: string[] = [];
    let cancelled: Promise<number> | undefined;
    const ends = await work(
      queue,
      async ({ job, signal }) => {
        started.push(job);
        if (job === 'b') return;
        if (started.length === 2) cancelled = queue.cancel('a');
        await sleep(20_000, undefined, { signal });
      },
      async (all) => {
        if (all.length === 2) {
          await cancelled;
          await enqueueAll(queue, 'a', 1, 0);
          await queue.enqueue({ job: 'a', id: 'late', epoch: 0, payload: { index: 9 } });
          await queue.enqueue({ job: 'b', id: '0', epoch: await queue.epoch('b'), payload: { index: 0 } });
        }
        return started.includes('b') && all.some(({ outcome }) => outcome === 'dropped');
      },
    );
    expect(await queue.epoch('a')).toBe(1);
    expect(started.filter((job) => job === 'a')).toHaveLength(2);
    expect(ends.filter(({ job, outcome }) => job === 'a' && outcome === 'done')).toEqual([]);
    expect(await queue.counts()).toMatchObject({ waiting: 0, running: 0 });
  });

  it('hands back running items when the worker stops', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'stop', codec });
    await enqueueAll(queue, 'j', 1);
    let begun = false;
    const first = await work(
      queue,
      async ({ signal }) => {
        begun = true;
        await sleep(20_000, undefined, { signal });
      },
      () => begun,
    );
    expect(first).toMatchObject([{ outcome: 'handed-back' }]);
    const second = await work(
      queue,
      () => Promise.resolve(),
      (all) => all.length === 1,
    );
    expect(second).toMatchObject([{ outcome: 'done', attempt: 2 }]);
  });

  it('refuses work beyond its limit instead of dropping the oldest', async () => {
    const queue = await openWorkQueue(test.connection, { name: 'full', codec, maxItems: 2 });
    await enqueueAll(queue, 'j', 2);
    await expect(queue.enqueue({ job: 'j', id: '2', epoch: 0, payload: { index: 2 } })).rejects.toMatchObject(
      {
        code: 'RESOURCE_EXHAUSTED',
      },
    );
    await expect(
      queue.enqueue({ job: 'a b', id: '2', epoch: 0, payload: { index: 2 } }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
