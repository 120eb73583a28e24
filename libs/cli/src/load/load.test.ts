import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '@cassl/errors';
import { describe, expect, it } from 'vitest';
import { arrivals } from './arrivals.ts';
import { runLoad } from './run-load.ts';

function take(count: number, perSecond: number, seed: number): number[] {
  const source = arrivals(perSecond, seed);
  return Array.from({ length: count }, () => source.next().value);
}

describe('arrivals', () => {
  it('are the same for the same seed, and as many a second as asked for', () => {
    expect(take(50, 10, 7)).toEqual(take(50, 10, 7));
    expect(take(50, 10, 7)).not.toEqual(take(50, 10, 8));
    const gaps = take(20_000, 100, 1).map((at, index, all) => at - (all[index - 1] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length;
    expect(mean).toBeGreaterThan(9.7);
    expect(mean).toBeLessThan(10.3);
    // Of a Poisson process the deviation is the mean.
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(deviation / mean).toBeCloseTo(1, 1);
  });
});

describe('runLoad', () => {
  it('asks in a closed loop with as many callers as asked for', async () => {
    let open = 0;
    let most = 0;
    const ask = async (): Promise<void> => {
      most = Math.max(most, ++open);
      await sleep(5);
      open--;
    };
    const result = await runLoad(ask, {
      shape: { kind: 'closed', clients: 7 },
      durationMs: 150,
      warmUpMs: 50,
    });
    expect(most).toBe(7);
    expect(result.answered).toBeGreaterThan(50);
    expect(result.latencyMs.p50).toBeGreaterThan(4);
  });

  it('lets everything behind a stall feel it: an open loop counts from when a request was due', async () => {
    // A server that does one thing at a time and stalls once for 300 ms.
    let free = Promise.resolve();
    let calls = 0;
    const ask = (): Promise<void> =>
      (free = free.then(async () => void (await sleep(++calls === 20 ? 300 : 0))));
    const shape = { kind: 'open', perSecond: 200, seed: 1 } as const;
    const { latencyMs, answered } = await runLoad(ask, { shape, durationMs: 600 });
    expect(answered).toBeGreaterThan(80);
    // About 60 requests of 120 were due during the stall: it is in the middle of the distribution, not in one outlier.
    expect(latencyMs.p90).toBeGreaterThan(150);
  });

  it('counts errors by their code, requests over the bound too, and times out what hangs', async () => {
    const failing = await runLoad(() => Promise.reject(unavailable('away')), {
      shape: { kind: 'open', perSecond: 100, seed: 1 },
      durationMs: 200,
    });
    expect(failing).toMatchObject({ answered: 0, errors: { UNAVAILABLE: expect.any(Number) } });
    const hanging = (_: number, signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    const { errors } = await runLoad(hanging, {
      shape: { kind: 'open', perSecond: 200, seed: 1 },
      durationMs: 200,
      timeoutMs: 100,
      mostOpen: 3,
    });
    expect(errors['NOT_SENT']).toBeGreaterThan(0);
    expect(errors['DEADLINE_EXCEEDED']).toBeGreaterThan(0);
  });
});
