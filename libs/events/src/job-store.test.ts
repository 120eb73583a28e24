import { describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonCodec, openJobStore, openLeases, type JobChange } from './index.ts';
import { hasNatsServer, useTestServer } from './test-server.ts';

interface Job {
  readonly done: number;
}

describe.skipIf(!hasNatsServer())('job state on a real nats-server', () => {
  const test = useTestServer();
  const codec = jsonCodec<Job>();

  it('makes a job once, whoever asks first', async () => {
    const store = await openJobStore(test.connection, { name: 'once', codec });
    expect(await store.create('a', { done: 0 })).toMatchObject({ value: { done: 0 }, existed: false });
    expect(await store.create('a', { done: 9 })).toMatchObject({ value: { done: 0 }, existed: true });
    await store.delete('a');
    expect(await store.get('a')).toBeUndefined();
    expect(await store.create('a', { done: 1 })).toMatchObject({ existed: false });
    await expect(store.get('no spaces')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('lets one of two writers win', async () => {
    const store = await openJobStore(test.connection, { name: 'race', codec });
    const { revision } = await store.create('a', { done: 0 });
    await store.update('a', { done: 1 }, revision);
    await expect(store.update('a', { done: 2 }, revision)).rejects.toMatchObject({ code: 'ABORTED' });
    await Promise.all(
      Array.from({ length: 10 }, () => store.modify('a', ({ done }) => ({ done: done + 1 }))),
    );
    expect((await store.get('a'))?.value).toEqual({ done: 11 });
    await expect(store.modify('b', (value) => value)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lists by prefix and loses nothing to kill -9', async () => {
    const store = await openJobStore(test.connection, { name: 'kept', codec });
    expect(await store.list()).toEqual([]);
    for (const id of ['j1', 'j1.s1', 'j1.s2', 'j2.s1']) await store.create(id, { done: 1 });
    await store.delete('j1.s1');
    await test.restart();
    expect((await store.list()).map(({ id }) => id)).toEqual(['j1', 'j1.s2', 'j2.s1']);
    expect((await store.list('j1')).map(({ id }) => id)).toEqual(['j1.s2']);
    expect(await store.list('j3')).toEqual([]);
  });

  it('goes on with a server that has lost the bucket', async () => {
    const store = await openJobStore(test.connection, { name: 'wiped', codec });
    const { revision } = await store.create('a', { done: 1 });
    for await (const stream of test.connection.jsm.streams.names())
      if (stream.startsWith('KV_')) await test.connection.jsm.streams.delete(stream);
    await expect(store.update('a', { done: 2 }, revision)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await store.create('b', { done: 2 })).toMatchObject({ existed: false });
    expect((await store.list()).map(({ id }) => id)).toEqual(['b']);
  });

  it('tells a watcher the state now and every change, across kill -9', async () => {
    const store = await openJobStore(test.connection, { name: 'watched', codec });
    await store.create('a', { done: 0 });
    const stop = new AbortController();
    const changes: JobChange<Job>[] = [];
    const watching = (async () => {
      for await (const change of store.watch({ id: 'a', signal: stop.signal })) changes.push(change);
    })();
    const until = async (done: number | undefined): Promise<void> => {
      for (let i = 0; i < 100 && changes.at(-1)?.value?.done !== done; i++) await sleep(100);
    };
    await until(0);
    await store.modify('a', () => ({ done: 1 }));
    await until(1);
    await test.restart();
    await store.modify('a', () => ({ done: 2 }));
    await until(2);
    await store.delete('a');
    await until(undefined);
    stop.abort();
    await watching;
    expect(changes.map(({ value }) => value?.done)).toEqual([0, 1, 2, undefined]);
  });

  it('says which limit a record is over', async () => {
    const store = await openJobStore(test.connection, { name: 'large', codec: jsonCodec<string>() });
    await expect(store.create('a', 'x'.repeat(2 << 20))).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
  });

  it('gives a lease to one holder, renews it, and fences its successor', async () => {
    const leases = await openLeases(test.connection, { name: 'l', ttlMs: 900 });
    const first = (await leases.acquire('job', 'worker-1'))!;
    expect(await leases.acquire('job', 'worker-2')).toBeUndefined();
    await sleep(1_500);
    expect(await leases.holder('job')).toBe('worker-1');
    await first.release();
    const second = (await leases.acquire('job', 'worker-2'))!;
    expect(second.fence).toBeGreaterThan(first.fence);
    expect(second.signal.aborted).toBe(false);
    await second.release();
  });

  it('tells a holder that its lease is lost', async () => {
    const leases = await openLeases(test.connection, { name: 'lost', ttlMs: 900 });
    const lease = (await leases.acquire('job', 'worker-1'))!;
    await test.server.stop('SIGKILL');
    await new Promise((resolve) => lease.signal.addEventListener('abort', resolve));
    await test.restart();
    await lease.release();
  }, 20_000);
});
