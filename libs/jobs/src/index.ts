export { checkJobId } from './job-id.ts';
export type { JobOwner } from './job-quota.ts';
export {
  cancelledStatus,
  failedStatus,
  handedBackStatus,
  isEnded,
  jobProgress,
  queuedStatus,
  startedStatus,
  succeededStatus,
  withMessage,
} from './job-status.ts';
export { isWanted, runJobs, type Jobs, type JobMessage, type RunJobsOptions } from './run-jobs.ts';
export { isHandedOn, LostLead, type Lead } from './lead-job.ts';
export { FinalError } from './attempt-work.ts';
export { repeat, type Repeated } from './repeat.ts';
export { pageOfJobs, type JobPage } from './page-of-jobs.ts';
