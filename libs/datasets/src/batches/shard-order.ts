import { createRandom, permutation } from '../random.ts';
import { createImageOrder, type ImageOrder } from './image-order.ts';

export interface OrderedShard {
  readonly images: number;
  readonly bytes: number;
}

/** An {@link ImageOrder} that stays within few shards for a while, so that a stream of it can be read from them. */
export interface ShardOrder extends ImageOrder {
  /** Shards that positions soon after this one need, the soonest first. */
  upcoming(position: number): readonly number[];
}

/** How many images a shuffle reaches over at once, and how many bytes of shards, packed as they are. */
export interface ShuffleBuffer {
  readonly images: number;
  readonly bytes: number;
}

/** Shards that are shuffled together, as one after the other in an epoch. */
interface Window {
  /** First position in the epoch. */
  readonly start: number;
  readonly images: number;
  readonly shards: readonly number[];
}

/**
 * Every image once an epoch: the shards in a random order, cut into windows that fit the buffer, the images of a window in a random
 * order. A pure function of seed and position; shards that fit the buffer all together are shuffled as `createImageOrder` does.
 */
export function createShardOrder(
  shards: readonly OrderedShard[],
  seed: number,
  buffer: ShuffleBuffer,
): ShardOrder {
  const first: number[] = [];
  let length = 0;
  let bytes = 0;
  for (const shard of shards) {
    first.push(length);
    length += shard.images;
    bytes += shard.bytes;
  }
  if (length <= buffer.images && bytes <= buffer.bytes) {
    return { ...createImageOrder(length, seed), upcoming: () => [] };
  }
  const windowsOf = recent(2, (epoch: number) =>
    cutWindows(shards, permutation(shards.length, createRandom(seed, 'shards', epoch)), buffer),
  );
  const orderOf = recent(3, (start: number) => {
    const [epoch, window] = locate(start);
    return permutation(window.images, createRandom(seed, 'order', epoch, window.start));
  });
  function locate(position: number): [epoch: number, window: Window, place: number] {
    const epoch = Math.floor(position / length);
    const place = position - epoch * length;
    const windows = windowsOf(epoch);
    const index = lastAtMost(windows, place, ({ start }) => start);
    return [epoch, windows[index]!, place];
  }
  return {
    at(position) {
      const [epoch, window, place] = locate(position);
      let offset = orderOf(epoch * length + window.start)[place - window.start]!;
      for (const shard of window.shards) {
        const { images } = shards[shard]!;
        if (offset < images) return first[shard]! + offset;
        offset -= images;
      }
      throw new RangeError(`no position ${position}`);
    },
    upcoming(position) {
      const [epoch, window, place] = locate(position);
      const [, next] = locate(epoch * length + window.start + window.images);
      const passed = (place - window.start + 1) / window.images;
      return next.shards.slice(0, Math.ceil(next.shards.length * passed));
    },
  };
}

function cutWindows(shards: readonly OrderedShard[], order: Uint32Array, buffer: ShuffleBuffer): Window[] {
  const windows: { start: number; images: number; bytes: number; shards: number[] }[] = [];
  for (const shard of order) {
    const { images, bytes } = shards[shard]!;
    const open = windows.at(-1);
    if (open === undefined || open.images + images > buffer.images || open.bytes + bytes > buffer.bytes) {
      const start = open === undefined ? 0 : open.start + open.images;
      windows.push({ start, images, bytes, shards: [shard] });
      continue;
    }
    open.images += images;
    open.bytes += bytes;
    open.shards.push(shard);
  }
  return windows;
}

/** Index of the last item whose number is at most `value`; the first item's is. */
export function lastAtMost<Item>(
  items: readonly Item[],
  value: number,
  numberOf: (item: Item) => number,
): number {
  let low = 0;
  let high = items.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (numberOf(items[middle]!) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** `make`, with its last few values kept. */
function recent<Value>(kept: number, make: (key: number) => Value): (key: number) => Value {
  const values = new Map<number, Value>();
  return (key) => {
    const known = values.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    const [oldest] = values.keys();
    if (values.size >= kept && oldest !== undefined) values.delete(oldest);
    values.set(key, made);
    return made;
  };
}
