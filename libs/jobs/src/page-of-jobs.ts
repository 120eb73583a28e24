import { invalidArgument } from '@cassl/errors';
import { JobState, type JobStatus } from '@cassl/proto';
import { fitReply, type MessageType } from '@cassl/rpc';

const MOST = 500;
const USUAL = 50;

export interface JobPage<Job> {
  readonly items: Job[];
  /** Names the last job of this page; empty at the end. Jobs that start between two pages move nothing. */
  readonly nextPageToken: string;
}

/**
 * One page of jobs, in the order given, which also ends where a reply is full.
 * @param type of the jobs, which tells how long each is
 * @throws INVALID_ARGUMENT for a size above 500 and for a token that no page had
 */
export function pageOfJobs<Job extends { readonly status?: JobStatus | undefined }>(
  jobs: readonly Job[],
  type: MessageType<Job>,
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
  { state = JobState.JOB_STATE_UNSPECIFIED }: { readonly state?: JobState } = {},
): JobPage<Job> {
  if (pageSize > MOST) throw invalidArgument(`page_size must be 0 to ${MOST}, got ${pageSize}`);
  const before = pageToken === '' ? -1 : jobs.findIndex(({ status }) => status?.id === pageToken);
  if (pageToken !== '' && before < 0) {
    throw invalidArgument(`page_token must come from the answer before, got ${JSON.stringify(pageToken)}`);
  }
  const rest = jobs
    .slice(before + 1)
    .filter(({ status }) => state === JobState.JOB_STATE_UNSPECIFIED || status?.state === state);
  const items = fitReply(rest.slice(0, pageSize || USUAL), type);
  return { items, nextPageToken: rest.length > items.length ? (items.at(-1)?.status?.id ?? '') : '' };
}
