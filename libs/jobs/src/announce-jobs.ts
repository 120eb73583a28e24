import { setTimeout as delay } from 'node:timers/promises';
import type { EventBus, JobKind } from '@cassl/events';
import type { JobStatus } from '@cassl/proto';
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
const END_ATTEMPTS = 10;

/** Publishes job events without making the job wait: progress at most once a second a job, an end again until it is kept. */
export function announceJobs(options: AnnounceJobsOptions): AnnounceJob {
  const { bus, source, kind, onError } = options;
  const lastMs = new Map<string, number>();

  const publish = async (status: JobStatus, result: string, attempts: number): Promise<void> => {
    // An end is told under a fixed id, so that telling it again, or from another replica, is the same event.
    const ended = `${kind}-${status.id}-${status.state}-${status.finishedAt?.getTime() ?? 0}`;
    const id = isEnded(status) ? { id: ended } : {};
    for (let attempt = 1; ; attempt += 1) {
      try {
        await bus.publish({ ...id, source, fact: { $case: kind, value: { status, result } } });
        return;
      } catch (error) {
        if (attempt >= attempts) throw error;
        await delay(500 * attempt);
      }
    }
  };

  return (status, result) => {
    if (status === undefined) return;
    const now = performance.now();
    if (!isEnded(status) && now - (lastMs.get(status.id) ?? -Infinity) < PROGRESS_EVERY_MS) return;
    lastMs.set(status.id, now);
    if (isEnded(status)) lastMs.delete(status.id);
    publish(status, result, isEnded(status) ? END_ATTEMPTS : 1).catch(onError);
  };
}
