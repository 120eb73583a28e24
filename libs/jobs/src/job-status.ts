import { errorCode, errorMessage } from '@cassl/errors';
import { JobState, type JobError, type JobProgress, type JobStatus } from '@cassl/proto';
import { traceParent } from '@cassl/telemetry';

/** A job that was just accepted. */
export function queuedStatus(id: string, progress: Partial<JobProgress> = {}): JobStatus {
  return {
    id,
    state: JobState.JOB_STATE_QUEUED,
    createdAt: new Date(),
    startedAt: undefined,
    finishedAt: undefined,
    progress: jobProgress(progress),
    error: undefined,
    attempt: 0,
    leader: '',
    fence: 0,
    traceParent: traceParent(),
    owner: '',
  };
}

/** Fills what is left out with "unknown". */
export function jobProgress(progress: Partial<JobProgress>): JobProgress {
  return { done: 0, total: 0, unit: '', rate: 0, etaSeconds: 0, message: '', ...progress };
}

/** A worker started on it; the first start time is kept. */
export function startedStatus(status: JobStatus): JobStatus {
  return {
    ...status,
    state: JobState.JOB_STATE_RUNNING,
    startedAt: status.startedAt ?? new Date(),
    attempt: status.attempt + 1,
  };
}

/** A replica took the lead: earlier leaders' writes are refused from now on. */
export function ledStatus(status: JobStatus, leader: string): JobStatus {
  return { ...startedStatus(status), leader, fence: status.fence + 1 };
}

/** Waits for any replica again. */
export function handedBackStatus(status: JobStatus): JobStatus {
  return { ...status, state: JobState.JOB_STATE_QUEUED, leader: '' };
}

/** Queued again after it failed or was cancelled; start time and attempts are kept. */
export function resumedStatus(status: JobStatus): JobStatus {
  return { ...handedBackStatus(status), finishedAt: undefined, error: undefined };
}

/** What is done counts on; what it waits for is said to people. */
export function withMessage(status: JobStatus, message: string): JobStatus {
  return { ...status, progress: { ...(status.progress ?? jobProgress({})), message } };
}

/** Ended well: the progress is full. */
export function succeededStatus(status: JobStatus): JobStatus {
  const ended = endedStatus(status, JobState.JOB_STATE_SUCCEEDED);
  const progress = ended.progress ?? jobProgress({});
  return { ...ended, progress: { ...progress, done: progress.total } };
}

export function failedStatus(status: JobStatus, error: JobError): JobStatus {
  return { ...endedStatus(status, JobState.JOB_STATE_FAILED), error };
}

export function cancelledStatus(status: JobStatus): JobStatus {
  return endedStatus(status, JobState.JOB_STATE_CANCELLED);
}

/** It waits for nothing any more, and takes no more time. */
function endedStatus(status: JobStatus, state: JobState): JobStatus {
  const progress = { ...(status.progress ?? jobProgress({})), message: '', etaSeconds: 0 };
  return { ...status, state, finishedAt: new Date(), progress };
}

/** SUCCEEDED is final; FAILED and CANCELLED until the job is resumed. */
export function isEnded(status: JobStatus | undefined): boolean {
  return (
    status?.state === JobState.JOB_STATE_SUCCEEDED ||
    status?.state === JobState.JOB_STATE_FAILED ||
    status?.state === JobState.JOB_STATE_CANCELLED
  );
}

/** What a thrown thing becomes in a job's record. */
export function toJobError(error: unknown): JobError {
  return { code: errorCode(error), message: errorMessage(error) };
}
