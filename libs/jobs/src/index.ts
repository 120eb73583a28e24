export { checkJobId } from './job-id.ts';
export {
  cancelledStatus,
  failedStatus,
  isEnded,
  jobProgress,
  queuedStatus,
  startedStatus,
  succeededStatus,
  toJobError,
} from './job-status.ts';
export { openJobRecords, type JobRecords, type JobRecordsOptions } from './job-records.ts';
export { announceJobs, type AnnounceJob, type AnnounceJobsOptions } from './announce-jobs.ts';
export { runJobs, type Jobs, type JobMessage, type RunJobsOptions } from './run-jobs.ts';
export type { Lead } from './lead-job.ts';
