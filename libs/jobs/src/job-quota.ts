import { resourceExhausted } from '@cassl/errors';
import type { JobStatus } from '@cassl/proto';
import type { Identity } from '@cassl/rpc';
import { isEnded } from './job-status.ts';

/** What a job keeps of who started it, and how many it may have. */
export type JobOwner = Pick<Identity, 'name' | 'quota'>;

/** A job takes minutes at least. */
const RETRY_MS = 30_000;

/**
 * Whether one job more may run. Replicas count what they know: two that are asked in the same moment may both say yes.
 * @throws RESOURCE_EXHAUSTED with `retryAfterMs` where the owner has as many jobs of this kind as it may
 */
export function checkJobQuota(
  noun: string,
  jobs: readonly { readonly status?: JobStatus | undefined }[],
  { name, quota: { runningJobs: limit } }: JobOwner,
): void {
  if (limit === undefined) return;
  const running = jobs.filter(({ status }) => status?.owner === name && !isEnded(status)).length;
  if (running < limit) return;
  throw resourceExhausted(`${name} has ${running} ${noun}s that are not ended, at most ${limit} may`, {
    details: { reason: 'QUOTA_JOBS', retryAfterMs: RETRY_MS },
  });
}
