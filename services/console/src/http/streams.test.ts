import { describe, expect, it } from 'vitest';
import { merge } from './merge.ts';
import { poll } from './poll.ts';

async function* values<T>(...list: readonly T[]): AsyncGenerator<T> {
  for (const value of list) yield await Promise.resolve(value);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('merged streams', () => {
  it('give everything of each source in its order, and end with the last', async () => {
    const all = await collect(merge<number | string>([values(1, 2, 3), values('a', 'b'), values<string>()]));
    expect(all.filter((value) => typeof value === 'number')).toEqual([1, 2, 3]);
    expect(all.filter((value) => typeof value === 'string')).toEqual(['a', 'b']);
  });

  it('close every source when one throws, or nobody listens any more', async () => {
    const closed: string[] = [];
    async function* source(name: string, fails: boolean): AsyncGenerator<string> {
      try {
        yield await Promise.resolve(name);
        if (fails) throw new Error('gone');
        yield name;
        await new Promise<void>((resolve) => setImmediate(resolve));
        yield name;
      } finally {
        closed.push(name);
      }
    }
    await expect(collect(merge([source('a', false), source('b', true)]))).rejects.toThrow('gone');
    for await (const _ of merge([source('c', false), source('d', false)])) break;
    await expect.poll(() => closed.toSorted().join(''), { timeout: 10_000 }).toBe('abcd');
  });
});

describe('a polled answer', () => {
  it('comes when it differs from the one before, until the signal', async () => {
    const stop = new AbortController();
    const answers = [1, 1, 2, 2, 1];
    const ask = (): Promise<number> => {
      if (answers.length === 1) stop.abort();
      return Promise.resolve(answers.shift() ?? 0);
    };
    expect(await collect(poll(ask, { everyMs: 1, signal: stop.signal }))).toEqual([1, 2, 1]);
  });

  it('ends with what is wrong', async () => {
    const ask = (): Promise<never> => Promise.reject(new Error('away'));
    await expect(collect(poll(ask, { everyMs: 1, signal: new AbortController().signal }))).rejects.toThrow(
      'away',
    );
  });
});
