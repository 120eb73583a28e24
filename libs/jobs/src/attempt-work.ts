import { errorCode, errorMessage, outlook } from '@cassl/errors';
import type { JobStatus } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import pRetry, { AbortError } from 'p-retry';
import { queuedStatus, startedStatus, withMessage } from './job-status.ts';
import type { Lead } from './lead-job.ts';

/** `throw new FinalError(error)` fails the job with `error`, whatever another attempt might expect. */
export { AbortError as FinalError };

/** Faults in a row without the work getting further: then it is the job's own. */
const MAX_FAULTS = 4;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Does a led job's work until it is done: outages are waited out with growing pauses and said in the progress message, faults
 * are tried again a few times, a TypeError of the code never.
 * @throws the permanent error, the last fault, or the reason of the lead's signal
 */
export async function attemptWork<Job extends { status?: JobStatus | undefined }, Result>(
  lead: Lead<Job>,
  work: (lead: Lead<Job>) => Promise<Result>,
  logger: Logger,
): Promise<Result> {
  let faults = 0;
  let furthest = 0;
  const change = (next: (status: JobStatus) => JobStatus): void => {
    lead.change((job) => ({ ...job, status: next(job.status ?? queuedStatus(lead.id)) }));
  };
  const willRetry = (error: unknown): boolean =>
    outlook(errorCode(error)) !== 'permanent' && faults < MAX_FAULTS;
  const attempt = (number: number): Promise<Result> => {
    if (number > 1) change((status) => startedStatus(withMessage(status, '')));
    return work(lead);
  };
  return pRetry(attempt, {
    retries: Infinity,
    minTimeout: FIRST_PAUSE_MS,
    maxTimeout: LONGEST_PAUSE_MS,
    randomize: true,
    signal: lead.signal,
    onFailedAttempt({ error, retryDelay }) {
      const done = lead.status.progress?.done ?? 0;
      if (done > furthest) faults = 0;
      furthest = Math.max(furthest, done);
      if (outlook(errorCode(error)) !== 'outage') faults += 1;
      logger.warn({ err: error, faults, retryDelay }, 'the work was interrupted');
      // p-retry gives no pause to what it never repeats.
      if (retryDelay > 0 && willRetry(error))
        change((status) => withMessage(status, `waiting: ${errorMessage(error)}`));
    },
    shouldRetry: ({ error }) => willRetry(error),
  });
}
