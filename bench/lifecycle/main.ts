/**
 * What a service of many callers must hold: an alias that moves under load (`--moves N`, default 100, a second apart), and replies that
 * reach who asked (`--replies N`, default 100,000). `--only moves|replies` measures one of them, `--seconds N` each load without moves.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { option, type BenchmarkOptions } from '../options.ts';
import { makeModel } from '../serving/model.ts';
import { readPhotos } from '../serving/read-photos.ts';
import { measureMoves, type MeasuredMoves } from './measure-moves.ts';
import { measureReplies } from './measure-replies.ts';

const PAUSE_MS = 1000;

export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const only = option(argv, '--only');
  const number = (flag: string, usual: number): number => Number(option(argv, flag) ?? usual);
  const home = await mkdtemp(join(tmpdir(), 'cassl-lifecycle-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    const wants = (part: string): boolean => only === undefined || only === part;
    const moves = wants('moves')
      ? await measureMoves(await makeModel(home), {
          moves: number('--moves', 100),
          pauseMs: PAUSE_MS,
          durationMs: number('--seconds', 30) * 1000,
          photos: await readPhotos(),
        })
      : undefined;
    const replies = wants('replies') ? await measureReplies(number('--replies', 100_000)) : undefined;
    const result = { ratios: moves === undefined ? {} : ratiosOf(moves), moves, replies };
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
