/**
 * What a service of many callers must hold: an alias that moves under load (`--moves N`, default 100, a second apart), replies that
 * reach who asked (`--replies N`, default 100,000), and streams that nobody reads or that never ask (`--slow N` of each, default 1,000).
 * `--only moves|replies|slow` measures one of them, `--seconds N` each load (of moves: without them, before and after, by default together
 * as long as 100 moves take, since a long load meets worse bursts than a short one).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { option, type BenchmarkOptions } from '../options.ts';
import { makeModel } from '../serving/model.ts';
import { readPhotos } from '../serving/read-photos.ts';
import { measureMoves, type MeasuredMoves } from './measure-moves.ts';
import { measureReplies } from './measure-replies.ts';
import { measureSlowCallers } from './measure-slow-callers.ts';

const PAUSE_MS = 1000;

export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const only = option(argv, '--only');
  const number = (flag: string, usual: number): number => Number(option(argv, flag) ?? usual);
  const seconds = (usual: number): number => number('--seconds', usual) * 1000;
  const home = await mkdtemp(join(tmpdir(), 'cassl-lifecycle-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    const wants = (part: string): boolean => only === undefined || only === part;
    const moves = wants('moves')
      ? await measureMoves(await makeModel(home), {
          moves: number('--moves', 100),
          pauseMs: PAUSE_MS,
          durationMs: seconds(180),
          photos: await readPhotos(),
        })
      : undefined;
    const replies = wants('replies') ? await measureReplies(number('--replies', 100_000)) : undefined;
    const slow = wants('slow') ? await measureSlowCallers(number('--slow', 1000), seconds(30)) : undefined;
    const result = { ratios: moves === undefined ? {} : ratiosOf(moves), moves, replies, slow };
    console.log(json ? JSON.stringify(result) : result);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** While the alias moves, against the same load without moves, before and after; 1 is no difference. */
function ratiosOf({ p50, p99, residentMiB }: MeasuredMoves): Readonly<Record<string, number>> {
  const against = ({ before, moving, after }: MeasuredMoves['p99']): number =>
    moving / ((before + after) / 2);
  return { p50Moving: against(p50), p99Moving: against(p99), memory: residentMiB.after / residentMiB.before };
}
