import { isEnded } from '@cassl/jobs';
import type { Labeling } from '@cassl/proto';

/** One worker's seconds for an image, before any was measured. */
const UNMEASURED_SECONDS = 0.1;

/**
 * Seconds that one worker would need for what is left of the jobs of a pool and, where it is given, a priority: from their records alone,
 * so that each replica answers the same, at the cost of a look at each job whatever its size. Paused jobs want no workers.
 */
export function secondsToDrain(
  labelings: readonly Labeling[],
  { pool, priority }: { readonly pool: string; readonly priority?: number },
): number {
  let seconds = 0;
  for (const { status, spec, pause, workerSeconds } of labelings) {
    if (status === undefined || isEnded(status) || pause !== undefined) continue;
    if (spec?.workerPool !== pool || (priority !== undefined && spec.priority !== priority)) continue;
    const { done = 0, total = 0 } = status.progress ?? {};
    seconds += Math.max(0, total - done) * (done === 0 ? UNMEASURED_SECONDS : workerSeconds / done);
  }
  return seconds;
}
