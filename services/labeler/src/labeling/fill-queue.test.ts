import type { NewItem, QueueCounts } from '@cassl/events';
import { Labeling, LabelingSpec, type LabelingShard } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Commit } from './commit.ts';
import { QueueFiller, type QueueFillerParts } from './fill-queue.ts';
import { Tally } from './tally.ts';

const SHARDS = 20_000;
const digest = `sha256:${'d'.repeat(64)}`;

/** A queue that keeps the indices of its items in order, and loses what a test takes out. */
class ListedQueue {
  items: number[] = [];
  isLost = false;
  readonly copies: string[] = [];

  lane = () => Promise.resolve({ isOpen: false, epoch: 0 } as never);
  openJob = () => Promise.resolve({} as never);
  ensure = (): Promise<void> => Promise.resolve(void (this.isLost = false));
  counts = (): Promise<QueueCounts | undefined> =>
    Promise.resolve(this.isLost ? undefined : { waiting: this.items.length, running: 0 });
  async enqueue(
    _job: string,
    items: Iterable<NewItem<LabelingShard>> | AsyncIterable<NewItem<LabelingShard>>,
    { copy = '' },
  ): Promise<number> {
    this.copies.push(copy);
    let count = 0;
    for await (const { payload } of items) {
      this.items.push(payload.index);
      count += 1;
    }
    return count;
  }
}

function commitOf(index: number): Commit {
  const file = { digest, labeled: 1, empty: 0, failed: 0, labels: 1, scores: [] } as never;
  return { index, file, failures: [], full: 0, seconds: 1, attempt: 1 };
}

function open(
  queue: ListedQueue,
  tally = new Tally(SHARDS, SHARDS),
  fence = 1,
  listCommits: () => void = () => undefined,
): QueueFiller {
  const spec = LabelingSpec.fromPartial({ checkpoint: 'a', outputUri: 'file:///out', shardSize: 1 });
  const chunks = Array.from({ length: Math.ceil(SHARDS / 4096) }, () => ({ digest, images: 4096, bytes: 1 }));
  return new QueueFiller({
    lead: { id: 'job', fence, job: Labeling.fromPartial({ spec }), signal: new AbortController().signal },
    queue,
    logger: createLogger({ name: 'test', level: 'silent' }),
    spec,
    folder: 'ledger/job',
    manifest: {
      shards: SHARDS,
      images: SHARDS,
      imagesPerShard: 1,
      shardsPerChunk: 4096,
      chunks,
      uri: 'file:///pool',
    },
    tally,
    listCommits: () => Promise.resolve(listCommits()),
  } as unknown as QueueFillerParts);
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe('the queue of a job', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('holds a window of the shards, and gets the next ones once half of it is done', async () => {
    const [queue, tally] = [new ListedQueue(), new Tally(SHARDS, SHARDS)];
    const filler = open(queue, tally);
    await filler.fill(false);
    expect(queue.items).toEqual(range(0, 8192));
    for (const index of queue.items.splice(0, 4000)) tally.add(commitOf(index));
    await filler.fill(false);
    expect(queue.items).toHaveLength(4192);
    for (const index of queue.items.splice(0, 200)) tally.add(commitOf(index));
    await filler.fill(false);
    expect(queue.items).toEqual(range(4200, 4200 + 8192));
  });

  it('gives every shard once to workers that take all there is', async () => {
    const [queue, tally] = [new ListedQueue(), new Tally(SHARDS, SHARDS)];
    const filler = open(queue, tally);
    const given: number[] = [];
    while (!(await filler.fill(false))) {
      for (const index of queue.items.splice(0, 5000)) {
        given.push(index);
        tally.add(commitOf(index));
      }
    }
    expect(given).toEqual(range(0, SHARDS));
  });

  it('goes on under another leader behind what is queued already', async () => {
    const [queue, tally] = [new ListedQueue(), new Tally(SHARDS, SHARDS)];
    await open(queue, tally).fill(false);
    for (const index of queue.items.splice(0, 5000)) tally.add(commitOf(index));
    await open(queue, tally, 2).fill(false);
    expect(queue.items).toEqual(range(5000, 5000 + 8192));
    expect(queue.copies).toEqual(['f1-0', 'f2-0']);
  });

  it('gets back what it lost without a commit, and does not take for lost whose report is on the way', async () => {
    const [queue, tally] = [new ListedQueue(), new Tally(SHARDS, SHARDS)];
    const filler = open(queue, tally);
    await filler.fill(false);
    // Every second so many are done, and their reports are a second late.
    let late: number[] = [];
    for (let second = 0; second < 12; second++) {
      for (const index of late) tally.add(commitOf(index));
      late = queue.items.splice(0, 100);
      vi.advanceTimersByTime(1_000);
      await filler.fill(false);
    }
    expect(queue.copies).toEqual(['f1-0']);
    for (const index of late) tally.add(commitOf(index));
    const lost = queue.items.splice(0, 7);
    for (let second = 0; second < 12; second++) {
      vi.advanceTimersByTime(1_000);
      await filler.fill(false);
    }
    expect(queue.copies.length).toBeGreaterThan(1);
    expect(queue.items).toEqual(expect.arrayContaining(lost));
  });

  it('asks the ledger before it takes a shard for lost: reports of a new leader come late', async () => {
    const [queue, tally] = [new ListedQueue(), new Tally(SHARDS, SHARDS)];
    const done: number[] = [];
    let listed = 0;
    const filler = open(queue, tally, 1, () => {
      listed += 1;
      for (const index of done) tally.add(commitOf(index));
    });
    for (let second = 0; second < 20; second++) {
      await filler.fill(false);
      done.push(...queue.items.splice(0, 100));
      vi.advanceTimersByTime(1_000);
    }
    expect(queue.copies).toEqual(['f1-0']);
    expect(listed).toBeGreaterThan(0);
  });

  it('is filled from the first shard that is not done where the broker lost it, at once where it is empty', async () => {
    const [queue, tally] = [new ListedQueue(), new Tally(SHARDS, SHARDS)];
    const filler = open(queue, tally);
    await filler.fill(false);
    for (const index of queue.items.splice(0, 10)) tally.add(commitOf(index));
    for (const lose of [() => (queue.isLost = true), () => undefined]) {
      queue.items = [];
      lose();
      await filler.fill(false);
      expect(queue.items).toEqual(range(10, 10 + 8192));
    }
  });

  it('wants nothing more when all shards are done or given up, and no worker has one', async () => {
    const [queue, tally] = [new ListedQueue(), new Tally(SHARDS, SHARDS)];
    const filler = open(queue, tally);
    await filler.fill(false);
    for (let index = 1; index < SHARDS; index++) tally.add(commitOf(index));
    tally.giveUp(0, 'poison');
    queue.items = [0];
    expect(await filler.fill(false)).toBe(false);
    queue.items = [];
    expect(await filler.fill(false)).toBe(true);
    await filler.again(tally.revive(), 't1');
    expect(queue.items).toEqual([0]);
    expect(await filler.fill(false)).toBe(false);
  });
});
