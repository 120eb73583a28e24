import { takeBatch, type Ready } from './take-batch.ts';

/** Which decoded images go through the network together, and when. */
export interface Batching<Item extends Ready> {
  /** Image number `index` of those submitted is decoded; undefined: it has failed. */
  add(index: number, item: Item | undefined): void;
  /** The first `submitted` images are all there are for now. */
  flush(submitted: number): void;
  /** The next batch; undefined where none is due. */
  take(): Item[] | undefined;
}

/** For callers who wait: whatever is there when the network is free, the urgent and the old first. */
export function lateBatches<Item extends Ready>(maxBatch: number): Batching<Item> {
  const ready: Item[] = [];
  return {
    add: (_, item) => {
      if (item !== undefined) ready.push(item);
    },
    flush: () => undefined,
    take: () => (ready.length === 0 ? undefined : takeBatch(ready, maxBatch)),
  };
}

/**
 * For jobs: full batches. Which images share one follows from their sizes and their order alone, never from which was decoded
 * first, so that a job gives the same labels however often it is run. Where more than `mostWaiting` wait, the oldest and those
 * like it go as they are.
 */
export function fullBatches<Item extends Ready>(maxBatch: number, mostWaiting: number): Batching<Item> {
  const early = new Map<number, Item | undefined>();
  // By padded size, in the order of their oldest image.
  const groups = new Map<string, Item[]>();
  const due: Item[][] = [];
  let [next, waiting, end] = [0, 0, Infinity];

  const release = (size: string, group: Item[]): void => {
    groups.delete(size);
    waiting -= group.length;
    due.push(group);
  };
  const releaseOldest = (): void => {
    const [oldest] = groups;
    if (oldest !== undefined) release(...oldest);
  };
  const join = (item: Item): void => {
    const { width, height } = item.fit.padded;
    const size = `${width} x ${height}`;
    const group = groups.get(size) ?? [];
    groups.set(size, group);
    group.push(item);
    waiting++;
    if (group.length === maxBatch) release(size, group);
    else if (waiting > mostWaiting) releaseOldest();
  };
  const advance = (): void => {
    for (; early.has(next); next++) {
      const item = early.get(next);
      early.delete(next);
      if (item !== undefined) join(item);
    }
    if (next >= end) for (const [size, group] of groups) release(size, group);
  };
  return {
    add(index, item) {
      early.set(index, item);
      end = index >= end ? Infinity : end;
      advance();
    },
    flush(submitted) {
      end = submitted;
      advance();
    },
    take: () => due.shift(),
  };
}
