import { setTimeout as delay } from 'node:timers/promises';
import { internal, invalidArgument, unavailable } from '@cassl/errors';
import { describe, expect, it } from 'vitest';
import { followWatch } from './follow-watch.ts';

/** Streams that each say some numbers and then end, or throw. */
function streams(...plans: readonly (readonly [readonly number[], Error?])[]): {
  open: (signal: AbortSignal) => AsyncGenerator<number>;
  opened: () => number;
} {
  let opened = 0;
  return {
    opened: () => opened,
    async *open() {
      const [numbers, error] = plans[Math.min(opened++, plans.length - 1)]!;
      yield* numbers;
      if (error !== undefined) throw error;
      await Promise.resolve();
    },
  };
}

async function read(watch: AsyncIterable<number>): Promise<number[]> {
  const seen: number[] = [];
  for await (const number of watch) seen.push(number);
  return seen;
}

const isLast = (number: number): boolean => number === 9;

describe('followWatch', () => {
  it('goes on when a stream ends before the last answer, with and without a word', async () => {
    const { open, opened } = streams([[1, 2]], [[2, 3], unavailable('this connection is old')], [[4, 9]]);
    expect(await read(followWatch(open, { isLast }))).toEqual([1, 2, 2, 3, 4, 9]);
    expect(opened()).toBe(3);
  });

  it('goes on when a stream is torn off, which a busy server ends without its status', async () => {
    const torn = internal('Received RST_STREAM with code 0 (Call ended without gRPC status)');
    const { open } = streams([[1], torn], [[2, 9]]);
    expect(await read(followWatch(open, { isLast }))).toEqual([1, 2, 9]);
    const { open: broken } = streams([[1], internal('the record is damaged')], [[2, 9]]);
    await expect(read(followWatch(broken, { isLast }))).rejects.toThrow('the record is damaged');
  });

  it('throws what the service refuses, at once', async () => {
    const { open, opened } = streams([[1], invalidArgument('id must not be empty')]);
    await expect(read(followWatch(open, { isLast }))).rejects.toThrow('id must not be empty');
    expect(opened()).toBe(1);
  });

  it('gives up when nobody answers, and names how long', async () => {
    const { open } = streams([[], unavailable('connection refused')]);
    await expect(read(followWatch(open, { isLast, giveUpAfterMs: 300 }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('nobody has answered the watch for') as string,
    });
  });

  it('goes on after a stream that was open and had nothing to say for longer than that', async () => {
    let opened = 0;
    async function* open(): AsyncGenerator<number> {
      yield opened;
      if (opened++ > 0) yield 9;
      await delay(60);
      throw unavailable('this connection is old');
    }
    expect(await read(followWatch(open, { isLast, giveUpAfterMs: 20 }))).toEqual([0, 1, 9]);
  });

  it('ends with its signal, also while it waits', async () => {
    const { open } = streams([[], unavailable('connection refused')]);
    const watch = read(followWatch(open, { isLast, signal: AbortSignal.timeout(100) }));
    await expect(watch).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('lets go of its stream when its reader leaves', async () => {
    let isAborted = false;
    async function* open(signal: AbortSignal): AsyncGenerator<number> {
      signal.addEventListener('abort', () => (isAborted = true));
      for (let number = 0; ; number++) yield await Promise.resolve(number);
    }
    for await (const number of followWatch(open, { isLast })) if (number === 3) break;
    expect(isAborted).toBe(true);
  });
});
