import { isEnded } from '@cassl/jobs';
import { JobState, jobStateToJSON } from '@cassl/proto';
import { until } from '../clients.ts';
import type { JobKind } from '../kill-matrix/job-kinds.ts';

const END_MS = 300_000;

export interface JobCount {
  /** Ended SUCCEEDED. */
  done: number;
  /** How others ended, in words. */
  readonly others: string[];
}

/** Runs jobs of one kind one after another until the signal; a job that was begun is waited for. */
export async function runJobs(jobs: JobKind, noun: string, signal: AbortSignal): Promise<JobCount> {
  const count: JobCount = { done: 0, others: [] };
  for (let number = 0; !signal.aborted; number++) {
    const id = `soak-${noun}-${number}`;
    try {
      await until(() => jobs.start(id), Boolean, END_MS);
      const end = await until(() => jobs.status(id), isEnded, END_MS);
      if (end?.state === JobState.JOB_STATE_SUCCEEDED) count.done++;
      else count.others.push(`${id}: ${jobStateToJSON(end!.state)} ${end?.error?.message ?? ''}`);
    } catch (error) {
      count.others.push(`${id}: ${String(error)}`);
    }
  }
  return count;
}
