import { messageCodec, openJobStore, type JobStore } from '@cassl/events';
import { Training } from '@cassl/proto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cancelledStatus, withMessage } from './job-status.ts';
import { useNats } from './nats.fixture.ts';
import { countingJob } from './replica.fixture.ts';
import { openReplicatedRecords, type ReplicatedRecords } from './replicated-records.ts';

const PATIENT = { timeout: 15_000, interval: 20 };
const nats = useNats();
const opened: ReplicatedRecords<Training>[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((records) => records.close()));
});

/** Copies of one bucket, as two processes have them. */
async function twoOf(name: string): Promise<{
  store: JobStore<Training>;
  a: ReplicatedRecords<Training>;
  b: ReplicatedRecords<Training>;
}> {
  const store = await openJobStore(nats.connection, { name, codec: messageCodec<Training>(Training) });
  const [a, b] = [await open(store), await open(store)];
  return { store, a, b };
}

async function open(store: JobStore<Training>): Promise<ReplicatedRecords<Training>> {
  const records = await openReplicatedRecords({ store, noun: 'training' });
  opened.push(records);
  return records;
}

const same = (): undefined => undefined;
const said = (message: string) => (job: Training) => ({
  ...job,
  status: withMessage(job.status!, message),
});
const messageOf = (job: Training): string => job.status!.progress!.message;
const cancelled = (job: Training): Training => ({ ...job, status: cancelledStatus(job.status!) });

async function collect(changes: AsyncIterable<Training>): Promise<string[]> {
  const messages: string[] = [];
  for await (const job of changes) messages.push(messageOf(job));
  return messages;
}

describe('records that two processes share', () => {
  it('are made once, whoever asks, and differ by name of the difference', async () => {
    const { a, b } = await twoOf('made');
    const [first, second] = await Promise.all([
      a.create('j', countingJob('j', 1), same),
      b.create('j', countingJob('j', 1), same),
    ]);
    expect(second.revision).toBe(first.revision);
    await expect(b.create('j', countingJob('j', 2), () => 'spec.x is 1, not 2')).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: 'the id "j" is taken by a training with another specification: spec.x is 1, not 2',
    });
  });

  it('lose no change of writers that meet', async () => {
    const { a, b } = await twoOf('met');
    await a.create('j', countingJob('j', 1), same);
    const note = (text: string) => (job: Training) => ({ ...job, notes: [...job.notes, text] });
    const names = Array.from({ length: 12 }, (_, index) => `n${index}`);
    await Promise.all(names.map((name, index) => (index % 2 ? a : b).modify('j', note(name))));
    expect(new Set((await a.read('j')).job.notes)).toEqual(new Set(names));
  });

  it('refuse a write under an old revision, without a fault', async () => {
    const { a, b } = await twoOf('fenced');
    const { job, revision } = await a.create('j', countingJob('j', 1), same);
    await b.modify('j', said('newer'));
    expect(await a.write('j', said('older')(job), revision)).toBeUndefined();
    expect(messageOf((await a.read('j')).job)).toBe('newer');
  });

  it('are made again by a leader whose record is gone', async () => {
    const { store, a, b } = await twoOf('gone');
    const { job, revision } = await a.create('j', countingJob('j', 1), same);
    await store.delete('j');
    const again = await a.write('j', said('again')(job), revision);
    expect(again).toBeDefined();
    await vi.waitUntil(() => b.list().some((known) => messageOf(known) === 'again'), PATIENT);
  });

  it('are listed in the same order by every process, also those of one millisecond', async () => {
    const { store, a, b } = await twoOf('ordered');
    const createdAt = new Date(1_700_000_000_000);
    const at = (id: string, later = 0): Training => {
      const job = countingJob(id, 1);
      return {
        ...job,
        status: { ...job.status!, createdAt: new Date(createdAt.getTime() + later) },
      };
    };
    await a.create('z', at('z', -5), same);
    for (const id of ['c', 'a']) await a.create(id, at(id), same);
    for (const id of ['d', 'b']) await b.create(id, at(id), same);
    const late = await open(store);
    await vi.waitUntil(() => a.list().length === 5 && b.list().length === 5, PATIENT);
    for (const records of [a, b, late]) {
      expect(records.list().map(({ status }) => status!.id)).toEqual(['z', 'a', 'b', 'c', 'd']);
    }
    expect(a.has('d')).toBe(true);
    expect(a.has('e')).toBe(false);
  });

  it('say that an id is nobody’s, whatever is asked of it', async () => {
    const { a } = await twoOf('nobody');
    const missing = { code: 'NOT_FOUND', message: 'no training has the id "x"' };
    await expect(a.read('x')).rejects.toMatchObject(missing);
    await expect(a.modify('x', cancelled)).rejects.toMatchObject(missing);
    await expect(a.watch('x').next()).rejects.toMatchObject(missing);
  });

  it('are left alone, and not announced, by a change that changes nothing', async () => {
    const { a, b } = await twoOf('still');
    const { revision } = await a.create('j', countingJob('j', 1), same);
    await vi.waitUntil(() => b.has('j'), PATIENT);
    const heard: string[] = [];
    b.onChange((id) => heard.push(id));
    expect((await a.modify('j', () => undefined)).revision).toBe(revision);
    expect((await b.read('j')).revision).toBe(revision);
    expect(heard).toEqual([]);
  });
});

describe('a watch of a record', () => {
  it('tells the state now, later ones, and ends with the one that ended', async () => {
    const { a, b } = await twoOf('watched');
    await a.create('j', said('first')(countingJob('j', 1)), same);
    const messages = collect(b.watch('j'));
    await a.modify('j', said('second'));
    await a.modify('j', (job) => cancelled(said('x')(job)));
    const seen = await messages;
    expect(seen[0]).toMatch(/first|second/);
    expect(seen.at(-1)).toBe('');
  });

  it('tells an ended record once', async () => {
    const { a, b } = await twoOf('over');
    await a.create('j', cancelled(countingJob('j', 1)), same);
    expect(await collect(b.watch('j'))).toHaveLength(1);
  });

  it('ends with the reason of its signal, while it waits', async () => {
    const { a } = await twoOf('aborted');
    await a.create('j', countingJob('j', 1), same);
    const stop = new AbortController();
    const watch = a.watch('j', stop.signal);
    await watch.next();
    const next = watch.next();
    stop.abort(new Error('the client left'));
    await expect(next).rejects.toThrow('the client left');
  });

  it('ends with UNAVAILABLE when the process stops following, so that the client asks another', async () => {
    const { a } = await twoOf('closed');
    await a.create('j', countingJob('j', 1), same);
    const watch = a.watch('j');
    await watch.next();
    const next = watch.next();
    next.catch(() => undefined);
    await a.close();
    await expect(next).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a record that is damaged', () => {
  it('hides no other, is named, and stops neither a start nor a watch', async () => {
    const damaged: string[] = [];
    const raw = await openJobStore(nats.connection, {
      name: 'damaged',
      codec: { encode: (bytes: Uint8Array) => bytes, decode: (bytes) => bytes },
    });
    const store = await openJobStore(nats.connection, {
      name: 'damaged',
      codec: messageCodec<Training>(Training),
      onDamaged: ({ code, message }) => damaged.push(`${code} ${message}`),
    });
    await raw.create('before', Uint8Array.of(0xff, 0xff, 0xff));
    await store.create('good', countingJob('good', 1));
    const records = await open(store);
    await raw.create('meanwhile', Uint8Array.of(0xff));
    await store.create('later', countingJob('later', 1));
    await vi.waitUntil(() => records.has('later'), PATIENT);
    expect(records.list().map(({ status }) => status!.id)).toEqual(['good', 'later']);
    expect(damaged).toContainEqual(expect.stringMatching(/^DATA_LOSS damaged\/before is damaged: /));
    expect(damaged).toContainEqual(expect.stringMatching(/^DATA_LOSS damaged\/meanwhile is damaged: /));
    await expect(records.read('before')).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});

describe('records after the broker has lost its store', () => {
  it('are made again by whoever changes one, and followed by the others, whose copies had higher revisions', async () => {
    const { a, b } = await twoOf('wiped');
    await a.create('j', said('first')(countingJob('j', 1)), same);
    for (const text of ['second', 'third', 'fourth']) await a.modify('j', said(text));
    await vi.waitUntil(() => b.list().some((job) => messageOf(job) === 'fourth'), PATIENT);
    const ending = collect(b.watch('j'));
    await nats.wipe();
    await vi.waitUntil(() => nats.connection.isConnected(), PATIENT);
    expect(messageOf((await b.modify('j', said('again'))).job)).toBe('again');
    await vi.waitUntil(() => a.list().some((job) => messageOf(job) === 'again'), PATIENT);
    expect(messageOf((await a.read('j')).job)).toBe('again');
    expect(messageOf((await a.modify('j', said('by a'))).job)).toBe('by a');
    await a.modify('j', cancelled);
    await ending;
  });

  it('are written by the leader of before only where nobody made them again', async () => {
    const { a, b } = await twoOf('refused');
    await a.create('j', countingJob('j', 1), same);
    for (const text of ['second', 'third']) await a.modify('j', said(text));
    await vi.waitUntil(() => b.list().some((job) => messageOf(job) === 'third'), PATIENT);
    const { job, revision } = await a.read('j');
    await nats.wipe();
    await vi.waitUntil(() => nats.connection.isConnected(), PATIENT);
    await b.modify('j', said('by b'));
    expect(await a.write('j', said('older')(job), revision)).toBeUndefined();
    expect(messageOf((await a.read('j')).job)).toBe('by b');
  });
});

describe('records while the broker is away', () => {
  it('are answered from the copy of this process', async () => {
    const { a } = await twoOf('away');
    await a.create('j', said('kept')(countingJob('j', 1)), same);
    await nats.kill();
    try {
      expect(messageOf((await a.read('j')).job)).toBe('kept');
      expect(a.list()).toHaveLength(1);
    } finally {
      await nats.start();
    }
    await vi.waitUntil(() => nats.connection.isConnected(), PATIENT);
    expect(messageOf((await a.modify('j', said('back'))).job)).toBe('back');
  });
});
