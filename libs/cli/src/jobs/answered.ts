import { internal } from '@cassl/errors';
import type { JobStatus } from '@cassl/proto';

/** @throws INTERNAL where a service answered without the job or its status, which none of ours does */
export function answered<Job extends { readonly status?: JobStatus | undefined }>(
  service: string,
  job: Job | undefined,
): Job & { readonly status: JobStatus } {
  if (job?.status === undefined) throw internal(`the ${service} answered without the job`);
  return { ...job, status: job.status };
}
