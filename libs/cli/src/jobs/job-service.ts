import type { JobKind, JobView } from './job-view.ts';

export interface JobListing {
  /** As in the protocol: "JOB_STATE_RUNNING"; undefined for all. */
  readonly state?: string | undefined;
  /** At most this many. */
  readonly limit: number;
}

/** One kind of job at the service that does it. */
export interface JobService {
  readonly kind: JobKind;
  /** Newest first. */
  list(listing: JobListing): Promise<JobView[]>;
  /** @throws NOT_FOUND */
  get(id: string): Promise<JobView>;
  /** The job now and after each change. */
  watch(id: string, signal: AbortSignal): AsyncIterable<JobView>;
  cancel(id: string): Promise<JobView>;
  /** Runs a failed or cancelled one again, from what it has; a labeling also its dead shards. */
  retry(id: string): Promise<JobView>;
  close(): void;
}
