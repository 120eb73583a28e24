import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '@cassl/errors';
import type { Clients } from '../clients.ts';

export interface DetectLoad {
  /** Detects once. */
  call(): Promise<void>;
}

/** Closed loop: `clients` ask one after another for `seconds`. Answers the calls a second. */
export async function measureRate(load: DetectLoad, clients: number, seconds: number): Promise<number> {
  const endAt = performance.now() + seconds * 1000;
  let calls = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < endAt) {
      await load.call();
      calls++;
    }
  };
  await Promise.all(Array.from({ length: clients }, loop));
  return calls / seconds;
}

export interface OpenLoopResult {
  readonly calls: number;
  /** By status, OK left out. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Open loop: a call every `1 / rate` seconds, whether the one before has come back or not, until the signal. */
export async function callAtRate(
  load: DetectLoad,
  rate: number,
  signal: AbortSignal,
): Promise<OpenLoopResult> {
  const failures: Record<string, number> = {};
  const open = new Set<Promise<void>>();
  const startedAt = performance.now();
  let calls = 0;
  while (!signal.aborted) {
    const due = startedAt + (calls * 1000) / rate;
    if (due > performance.now()) await delay(due - performance.now());
    calls++;
    const one = load
      .call()
      .catch((error: unknown) => {
        const code = errorCode(error);
        failures[code] = (failures[code] ?? 0) + 1;
      })
      .finally(() => open.delete(one));
    open.add(one);
  }
  await Promise.all(open);
  return { calls, failures };
}

export function detectLoad({ detector }: Clients, checkpoint: string, encoded: Buffer): DetectLoad {
  return {
    async call() {
      const { detections } = await detector.detect({
        checkpoint,
        image: { key: '', source: { $case: 'encoded', value: encoded } },
      });
      if (detections?.error !== undefined) throw new Error(detections.error.message);
    },
  };
}
