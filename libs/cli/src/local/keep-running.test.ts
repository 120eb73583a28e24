import { unavailable } from '@cassl/errors';
import { describe, expect, it } from 'vitest';
import { keepRunning, type LifeEvent, type Runnable } from './keep-running.ts';

interface Fake extends Runnable {
  readonly number: number;
  die(how: string): void;
}

/** Processes that end when a test says so; those in `broken` end while they start. */
function fakes(broken: readonly number[] = []): { start: () => Promise<Fake>; made: Fake[] } {
  const made: Fake[] = [];
  return {
    made,
    start: () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const number = made.length;
      const isBroken = broken.includes(number);
      if (isBroken) resolve('exit code 1');
      const ready = (): Promise<void> =>
        isBroken ? Promise.reject(unavailable('trainer ended while it started: no disk')) : Promise.resolve();
      made.push({ number, ended: promise, die: resolve, ready });
      return Promise.resolve(made.at(-1)!);
    },
  };
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('keepRunning', () => {
  it('starts a process again when it dies, waiting twice as long each time, and says so', async () => {
    const { start, made } = fakes();
    const events: LifeEvent[] = [];
    const onEvent = (event: LifeEvent): number => events.push(event);
    const kept = await keepRunning({ name: 'trainer', start, onEvent, firstWaitMs: 5 });
    await kept.ready;
    for (const number of [0, 1, 2]) {
      await until(() => events.filter(({ what }) => what === 'ready').length === number + 1);
      made[number]!.die('SIGKILL');
    }
    await until(() => kept.current.number === 3);
    const waits = events.flatMap((event) => (event.what === 'died' ? [event.againInMs] : []));
    expect(waits).toEqual([5, 10, 20]);
    expect(events[1]).toMatchObject({ name: 'trainer', what: 'died', how: 'SIGKILL' });
    await kept.letGo();
  });

  it('does not start again what was let go', async () => {
    const { start, made } = fakes();
    const kept = await keepRunning({ name: 'trainer', start, onEvent: () => undefined, firstWaitMs: 1 });
    await kept.ready;
    await kept.letGo();
    made[0]!.die('exit code 0');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(made).toHaveLength(1);
  });

  it('fails where the first start does', async () => {
    const { start, made } = fakes([0]);
    const kept = await keepRunning({ name: 'trainer', start, onEvent: () => undefined, firstWaitMs: 1 });
    await expect(kept.ready).rejects.toThrow('no disk');
    await expect(kept.givenUp).rejects.toThrow('no disk');
    expect(made).toHaveLength(1);
  });

  it('gives up what dies again and again, and says how often', async () => {
    const { start, made } = fakes(Array.from({ length: 20 }, (_, index) => index + 1));
    const kept = await keepRunning({ name: 'trainer', start, onEvent: () => undefined, firstWaitMs: 1 });
    await kept.ready;
    made[0]!.die('SIGKILL');
    await expect(kept.givenUp).rejects.toThrow('trainer died 9 times (exit code 1)');
  });
});
