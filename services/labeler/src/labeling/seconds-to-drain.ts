import { isEnded } from '@cassl/jobs';
import type { Labeling } from '@cassl/proto';

/** One worker's seconds for an image where none of its pool was ever measured: an image and a half a second, as one core labels photos. */
const UNMEASURED_SECONDS = 2 / 3;

/** Of which jobs. */
export interface DrainScope {
  readonly pool: string;
  /** @default all */
  readonly priority?: number | undefined;
}

/**
 * Seconds that one worker would need for what is left of the jobs of a pool and, where it is given, a priority: from their records alone,
 * so that each replica answers the same, also right after it started, at the cost of a look at each job whatever its size. A job without
 * an image done takes as long an image as the others of its pool did, ended ones too. Paused jobs want no workers.
 */
export function secondsToDrain(labelings: readonly Labeling[], { pool, priority }: DrainScope): number {
  const own = labelings.filter(({ spec }) => spec?.workerPool === pool);
  const usual = secondsPerImage(own) ?? UNMEASURED_SECONDS;
  let seconds = 0;
  for (const labeling of own) {
    const { status, spec, pause } = labeling;
    if (status === undefined || isEnded(status) || pause !== undefined) continue;
    if (priority !== undefined && spec?.priority !== priority) continue;
    const { done = 0, total = 0 } = status.progress ?? {};
    seconds += Math.max(0, total - done) * (secondsPerImage([labeling]) ?? usual);
  }
  return seconds;
}

/** As measured; undefined where nothing was. */
function secondsPerImage(labelings: readonly Labeling[]): number | undefined {
  const done = labelings.reduce((sum, { status }) => sum + (status?.progress?.done ?? 0), 0);
  const seconds = labelings.reduce((sum, { workerSeconds }) => sum + workerSeconds, 0);
  return done > 0 && seconds > 0 ? seconds / done : undefined;
}
