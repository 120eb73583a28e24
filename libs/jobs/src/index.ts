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
export {
  openJobStore,
  type JobStore,
  type JobStoreOptions,
  type RecordBucket,
  type RecordCodec,
} from './job-store.ts';
