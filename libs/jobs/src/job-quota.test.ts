import { JobState } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { checkJobQuota } from './job-quota.ts';
import { queuedStatus } from './job-status.ts';

const job = (id: string, owner: string, state: JobState = JobState.JOB_STATE_RUNNING) => ({
  status: { ...queuedStatus(id), state, owner },
});
const JOBS = [
  job('a', 'ci'),
  job('b', 'ci', JobState.JOB_STATE_QUEUED),
  job('c', 'ci', JobState.JOB_STATE_SUCCEEDED),
  job('d', 'other'),
];

describe('the quota of jobs that are not ended', () => {
  it('refuses one more, naming who, how many and the bound, with a time to retry', () => {
    const start = (): void => checkJobQuota('training', JOBS, { name: 'ci', quota: { runningJobs: 2 } });
    expect(start).toThrow('ci has 2 trainings that are not ended, at most 2 may');
    expect(start).toThrow(
      expect.objectContaining({
        code: 'RESOURCE_EXHAUSTED',
        details: { reason: 'QUOTA_JOBS', retryAfterMs: 30_000 },
      }),
    );
  });

  it('counts neither ended jobs nor those of others', () => {
    checkJobQuota('training', JOBS, { name: 'ci', quota: { runningJobs: 3 } });
    checkJobQuota('training', JOBS, { name: 'other', quota: { runningJobs: 2 } });
    checkJobQuota('training', JOBS, { name: 'ci', quota: {} });
  });
});
