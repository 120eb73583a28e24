import type { EventBus, JobKind } from '@cassl/events';
import type { JobStatus } from '@cassl/proto';
import pRetry from 'p-retry';
import { isEnded } from './job-status.ts';

export interface AnnounceJobsOptions {
  readonly bus: EventBus;
  /** The service: "trainer", "labeler", "evaluator". */
  readonly source: string;
  readonly kind: JobKind;
  readonly onError: (error: unknown) => void;
}

/** Tells the world about a job: what it made, once it succeeded, is `result`. */
export type AnnounceJob = (status: JobStatus | undefined, result: string) => void;

const PROGRESS_EVERY_MS = 1000;
const END_RETRIES = 9;

/** Publishes job events without making the job wait: progress at most once a second a job, an end again until it is kept. */
export function announceJobs(options: AnnounceJobsOptions): AnnounceJob {
  const { bus, source, kind, onError } = options;
  const lastMs = new Map<string, number>();

  const publish = (status: JobStatus, result: string, retries: number): Promise<void> => {
    // An end is told under a fixed id, so that telling it again, or from another replica, is the same event.
    const ended = `${kind}-${status.id}-${status.state}-${status.finishedAt?.getTime() ?? 0}`;
    const id = isEnded(status) ? { id: ended } : {};
    const fact = { $case: kind, value: { status, result } } as const;
    return pRetry(() => bus.publish({ ...id, source, fact }), { retries, minTimeout: 500, maxTimeout: 5000 });
  };

  return (status, result) => {
    if (status === undefined) return;
    const now = performance.now();
    if (!isEnded(status) && now - (lastMs.get(status.id) ?? -Infinity) < PROGRESS_EVERY_MS) return;
    lastMs.set(status.id, now);
    if (isEnded(status)) lastMs.delete(status.id);
    publish(status, result, isEnded(status) ? END_RETRIES : 0).catch(onError);
  };
}
