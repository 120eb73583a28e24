import { describe, expect, it } from 'vitest';
import { createImageOrder } from './image-order.ts';
import { createShardOrder, type OrderedShard } from './shard-order.ts';

const shards: readonly OrderedShard[] = Array.from({ length: 40 }, (_, index) => ({
  images: 3 + (index % 5),
  bytes: 100,
}));
const length = shards.reduce((sum, { images }) => sum + images, 0);
const shardOf = shards.flatMap(({ images }, index) => Array.from({ length: images }, () => index));
const buffer = { images: 32, bytes: 10_000 };
const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);

describe('createShardOrder', () => {
  it('shows every image once an epoch, each epoch and each seed in another order', () => {
    const order = createShardOrder(shards, 7, buffer);
    const epochs = [0, 1, 2].map((epoch) =>
      range(epoch * length, (epoch + 1) * length).map((at) => order.at(at)),
    );
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual(range(0, length));
    expect(epochs[1]).not.toEqual(epochs[0]);
    const other = createShardOrder(shards, 8, buffer);
    expect(range(0, length).map((at) => other.at(at))).not.toEqual(epochs[0]);
  });

  it('answers the same wherever it is asked first, as a training that goes on at a step does', () => {
    const whole = createShardOrder(shards, 7, buffer);
    const all = range(0, 2 * length).map((at) => whole.at(at));
    const from = length + 57;
    const resumed = createShardOrder(shards, 7, buffer);
    expect(range(from, 2 * length).map((at) => resumed.at(at))).toEqual(all.slice(from));
    expect(resumed.at(3)).toBe(all[3]);
  });

  it('needs only the shards of one window at a time, and tells those of the next before', () => {
    const order = createShardOrder(shards, 7, buffer);
    const upcoming = new Set<number>();
    const opened = new Set<number>();
    let unannounced = 0;
    for (const position of range(0, 3 * length)) {
      const shard = shardOf[order.at(position)]!;
      if (position > 32 && !upcoming.has(shard) && !opened.has(shard)) unannounced++;
      opened.add(shard);
      for (const soon of order.upcoming(position)) upcoming.add(soon);
    }
    expect(unannounced).toBe(0);
    for (let start = 0; start + 16 < length; start += 16) {
      const near = new Set(range(start, start + 16).map((position) => shardOf[order.at(position)]));
      expect(near.size).toBeLessThanOrEqual(16);
    }
    const nearby = range(0, 20).map((position) => order.upcoming(position).length);
    expect(nearby).toEqual([...nearby].sort((a, b) => a - b));
  });

  it('shuffles what fits the buffer as if it were in memory', () => {
    const order = createShardOrder(shards, 7, { images: length, bytes: 4_000 });
    const inMemory = createImageOrder(length, 7);
    expect(range(0, 2 * length).map((at) => order.at(at))).toEqual(
      range(0, 2 * length).map((at) => inMemory.at(at)),
    );
  });
});
