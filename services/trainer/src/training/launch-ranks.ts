import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { CasslError, internal, outlook } from '@cassl/errors';
import type { Logger } from '@cassl/rpc';
import { startWorkerProcess, type WorkerExit, type WorkerFailure } from '@cassl/workers';
import getPort from 'get-port';
import { rankEnvironment, type RankPlan } from './rank-plan.ts';

export interface LaunchRanksOptions {
  readonly plan: RankPlan;
  /** The worker's own entry file; each rank runs it again, on the same folder. */
  readonly entry: string;
  readonly folder: string;
  /** What ranks report; only rank 0 has anything to say. */
  readonly report: (message: object) => Promise<void>;
  /** Aborted: all ranks are asked to stop, and come to an end at one step. */
  readonly signal: AbortSignal;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** For ranks that wait for one which is gone: they notice, or are stopped, or are killed. */
const GRACE_MS = 2000;

/**
 * Runs the ranks of this machine to their end; the first that is lost ends them all.
 * @throws what a rank said, first of all what no other attempt can mend; INTERNAL where one died without a word
 */
export async function launchRanks(options: LaunchRanksOptions): Promise<void> {
  const { plan, entry, folder, report, signal, logger } = options;
  const address = plan.address ?? `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
  // What the operator gives this machine's work, else all there is; ranks share it.
  const cores = Number(process.env.OMP_NUM_THREADS) || availableParallelism();
  const failures = new Map<number, WorkerFailure>();
  const ends: RankEnd[] = [];
  const ranks = Array.from({ length: plan.local }, (_, local) =>
    startWorkerProcess({
      entry,
      argv: [folder],
      env: rankEnvironment(plan, local, { address, cores }),
      onMessage(message) {
        if (isFailure(message)) failures.set(local, message);
        else void report(message as object);
      },
    }),
  );
  const pids = ranks.map(({ pid }) => pid);
  logger.info({ ranks: plan.local, first: plan.first, of: plan.size, address, pids }, 'ranks started');
  const ended = ranks.map(async ({ exited }, local) => {
    const exit = await exited;
    ends.push({ local, ...exit });
    if (exit.code !== 0) throw internal('lost');
  });
  const stop = (): void => ranks.forEach((rank) => void rank.stop());
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const all = Promise.allSettled(ended);
  try {
    await Promise.all(ended).catch(async () => {
      logger.warn({ ...ends.find(({ code }) => code !== 0) }, 'a rank is lost: the attempt ends');
      await Promise.race([all, delay(GRACE_MS)]);
      throw lossOf(ends, failures, plan);
    });
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(ranks.map((rank) => rank.stop(GRACE_MS)));
    await all;
  }
}

interface RankEnd extends WorkerExit {
  readonly local: number;
}

/**
 * Ranks that wait for a lost one fail too. What no attempt can mend is said first; then that a rank was killed, which another
 * attempt may mend a few times; then what the first said.
 */
function lossOf(
  ends: readonly RankEnd[],
  failures: ReadonlyMap<number, WorkerFailure>,
  { first, size }: RankPlan,
): CasslError {
  const said = [...failures.values()];
  const permanent = said.find(({ code }) => outlook(code) === 'permanent');
  if (permanent !== undefined) return new CasslError(permanent.code, permanent.message);
  const bad = ends.filter(({ code }) => code !== 0);
  const lost = bad.find(({ local }) => !failures.has(local)) ?? bad[0];
  if (lost === undefined) return internal('ranks ended badly without an end');
  const name = `rank ${first + lost.local} of ${size}`;
  const words = failures.get(lost.local);
  if (words !== undefined) return new CasslError(words.code, `${name}: ${words.message}`);
  return internal(`${name} ended with ${lost.signal ?? `exit code ${lost.code}`}`);
}

function isFailure(message: unknown): message is WorkerFailure {
  return typeof message === 'object' && message !== null && (message as WorkerFailure).type === 'failed';
}
