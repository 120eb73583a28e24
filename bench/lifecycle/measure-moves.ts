import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type LoadResult } from '@cassl/cli/load';
import { askOurs } from '../serving/ask-peer.ts';
import type { BenchModel } from '../serving/model.ts';
import { startMovingServer } from './start-moving-server.ts';

export interface MovesPlan {
  readonly moves: number;
  /** Between two moves. */
  readonly pauseMs: number;
  /** Of each measurement without moves. */
  readonly durationMs: number;
  readonly photos: readonly Uint8Array[];
}

export interface MeasuredMoves {
  readonly moves: number;
  readonly perSecond: number;
  /** By code, of all requests while the alias moved. */
  readonly errors: LoadResult['errors'];
  readonly answered: number;
  readonly p50: Readonly<Record<'before' | 'moving' | 'after', number>>;
  readonly p99: Readonly<Record<'before' | 'moving' | 'after', number>>;
  readonly residentMiB: Readonly<Record<'before' | 'after', number>>;
  readonly secondsAMove: number;
}

/** Callers that find out what the server carries. */
const CLIENTS = 8;
const SEED = 5;

/** Open loop at half of what the server carries: without moves, while an alias moves again and again, and without once more. */
export async function measureMoves(model: BenchModel, plan: MovesPlan): Promise<MeasuredMoves> {
  const { moves, pauseMs, durationMs, photos } = plan;
  const server = await startMovingServer(model);
  const asker = await askOurs(server.address);
  const ask = (turn: number, signal: AbortSignal): Promise<void> =>
    asker.ask(photos[turn % photos.length] ?? new Uint8Array(), signal);
  try {
    const most = await runLoad(ask, {
      shape: { kind: 'closed', clients: CLIENTS },
      durationMs,
      warmUpMs: 2000,
    });
    const shape = { kind: 'open', perSecond: most.perSecond / 2, seed: SEED } as const;
    const before = await runLoad(ask, { shape, durationMs, warmUpMs: 2000 });
    const residentBefore = await server.residentBytes();

    const over = new AbortController();
    const load = runLoad(ask, { shape, durationMs: Infinity, signal: over.signal });
    const startedAt = performance.now();
    const digests = new Set<string>();
    for (let move = 0; move < moves; move++) {
      digests.add(await server.move());
      await sleep(pauseMs);
    }
    const secondsAMove = (performance.now() - startedAt) / 1000 / moves;
    over.abort();
    const moving = await load;
    if (digests.size !== moves) throw new Error(`${digests.size} of ${moves} checkpoints took over`);

    const after = await runLoad(ask, { shape, durationMs, warmUpMs: 2000 });
    const residentAfter = await server.residentBytes();
    const of = (quantile: 'p50' | 'p99') => ({
      before: before.latencyMs[quantile],
      moving: moving.latencyMs[quantile],
      after: after.latencyMs[quantile],
    });
    return {
      moves,
      perSecond: shape.perSecond,
      errors: moving.errors,
      answered: moving.answered,
      p50: of('p50'),
      p99: of('p99'),
      residentMiB: { before: residentBefore / 2 ** 20, after: residentAfter / 2 ** 20 },
      secondsAMove,
    };
  } finally {
    asker.close();
    await server.stop();
  }
}
