import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type LoadResult } from '@cassl/cli/load';
import { encodePng } from '@cassl/vision';
import { askOurs } from '../serving/ask-peer.ts';
import { startServer, type BenchServer } from '../serving/start-server.ts';

/** Others while there are slow callers, against the same without. */
export interface MeasuredSlowCallers {
  /** Streams that nobody reads, and as many that never ask. */
  readonly callers: number;
  /** From the last one that opened. */
  readonly secondsUntilHeld: number;
  readonly errors: LoadResult['errors'];
  readonly answered: number;
  readonly p50: Readonly<Record<'without' | 'with', number>>;
  readonly p99: Readonly<Record<'without' | 'with', number>>;
  readonly residentMiB: Readonly<Record<'without' | 'with', number>>;
}

const CLIENTS = 4;
const OPEN_MS = 120_000;
/** Of a core, in a second: the slow ones are held back, and what they had asked by then is computed. */
const IDLE_SECONDS = 0.05;
const HELD_BACK_MS = 300_000;

export async function measureSlowCallers(callers: number, durationMs: number): Promise<MeasuredSlowCallers> {
  const server = await startServer('ours.ts', { maxBatch: 8, isObserved: false });
  const asker = await askOurs(server.address);
  const image = await encodePng({ width: 5, height: 4, data: new Uint8Array(60) });
  const measure = (): Promise<LoadResult> =>
    runLoad((_, signal) => asker.ask(image, signal), {
      shape: { kind: 'closed', clients: CLIENTS },
      durationMs,
      warmUpMs: 2000,
    });
  const slow = join(import.meta.dirname, 'slow-callers.ts');
  let child: ReturnType<typeof fork> | undefined;
  try {
    const without = await measure();
    const residentBefore = await server.residentBytes();
    child = fork(slow, [server.address, String(callers)]);
    await once(child, 'message', { signal: AbortSignal.timeout(OPEN_MS) });
    const secondsUntilHeld = await untilIdle(server);
    const beside = await measure();
    const of = (quantile: 'p50' | 'p99') => ({
      without: without.latencyMs[quantile],
      with: beside.latencyMs[quantile],
    });
    return {
      callers,
      secondsUntilHeld,
      errors: beside.errors,
      answered: beside.answered,
      p50: of('p50'),
      p99: of('p99'),
      residentMiB: {
        without: residentBefore / 2 ** 20,
        with: (await server.residentBytes()) / 2 ** 20,
      },
    };
  } finally {
    child?.kill('SIGKILL');
    asker.close();
    await server.stop();
  }
}

/** Seconds until the server does nothing any more. */
async function untilIdle(server: BenchServer): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const before = await server.cpuSeconds();
    await sleep(1000);
    const took = performance.now() - startedAt;
    if ((await server.cpuSeconds()) - before < IDLE_SECONDS) return took / 1000;
    if (took > HELD_BACK_MS) throw new Error(`the slow callers were not held back within ${HELD_BACK_MS} ms`);
  }
}
