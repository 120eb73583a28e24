import { JobState, type Labeling } from '@cassl/proto';

/** What the amount of work is computed from. */
export interface WorkFacts {
  readonly labelings: readonly Labeling[];
  /** Workers that hold a shard now. */
  readonly busyWorkers: number;
}

/** Before anything was measured: an image and a half a second, as one processor core labels photos. */
const ASSUMED_IMAGES_PER_SECOND = 1.5;
/** A labeling whose pool is still being listed: reason for one worker, not more. */
const UNKNOWN_WORK_SECONDS = 1;

/**
 * Seconds that one worker would need for all labelings that wait or run; 0 when there are none. Remembers the rate of a
 * worker, measured while labelings run, for the next ones.
 */
export function createWorkSeconds(): (facts: WorkFacts) => number {
  let imagesPerSecond: number | undefined;
  return ({ labelings, busyWorkers }) => {
    const open = labelings.filter(({ status }) => isOpen(status?.state));
    const rate = open.reduce((sum, { status }) => sum + (status?.progress?.rate ?? 0), 0);
    if (rate > 0 && busyWorkers > 0) imagesPerSecond = rate / busyWorkers;
    const seconds = open.map(({ status }) => {
      const { done = 0, total = 0 } = status?.progress ?? {};
      if (total === 0) return UNKNOWN_WORK_SECONDS;
      return (total - done) / (imagesPerSecond ?? ASSUMED_IMAGES_PER_SECOND);
    });
    return seconds.reduce((sum, value) => sum + value, 0);
  };
}

function isOpen(state: JobState | undefined): boolean {
  return state === JobState.JOB_STATE_QUEUED || state === JobState.JOB_STATE_RUNNING;
}
