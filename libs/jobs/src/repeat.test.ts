import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { repeat } from './repeat.ts';

const never = (error: unknown): void => expect.unreachable(String(error));
/** Longer than any test: what happens, happens because it was asked for. */
const NEVER_MS = 1e8;
const PATIENT = { timeout: 10_000, interval: 5 };

describe('something that is repeated', () => {
  it('runs again after each pause, also after a run that failed', async () => {
    const stop = new AbortController();
    const errors: unknown[] = [];
    let runs = 0;
    const action = (): Promise<void> => {
      runs += 1;
      return runs === 2 ? Promise.reject(new Error('run 2')) : Promise.resolve();
    };
    const repeated = repeat(action, 1, stop.signal, (error) => errors.push(error));
    await vi.waitUntil(() => runs >= 4, PATIENT);
    stop.abort();
    await repeated.done;
    expect(errors).toEqual([new Error('run 2')]);
  });

  it('runs once more, not many times, for all that asked during a run', async () => {
    const stop = new AbortController();
    const first = Promise.withResolvers<void>();
    let runs = 0;
    const repeated = repeat(
      async () => {
        runs += 1;
        if (runs === 1) await first.promise;
      },
      NEVER_MS,
      stop.signal,
      never,
    );
    for (let asked = 0; asked < 5; asked += 1) repeated.now();
    expect(runs).toBe(1);
    first.resolve();
    await vi.waitUntil(() => runs === 2, PATIENT);
    await delay(20);
    expect(runs).toBe(2);
    repeated.now();
    await vi.waitUntil(() => runs === 3, PATIENT);
    stop.abort();
    await repeated.done;
  });

  it('is done when the run that is going on has ended, and leaves no timer behind', async () => {
    const stop = new AbortController();
    const running = Promise.withResolvers<void>();
    let isDone = false;
    const repeated = repeat(() => running.promise, NEVER_MS, stop.signal, never);
    void repeated.done.then(() => (isDone = true));
    stop.abort();
    await delay(5);
    expect(isDone).toBe(false);
    running.resolve();
    await repeated.done;
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBeLessThan(5);
  });
});
