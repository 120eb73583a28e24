import { invalidArgument } from '@cassl/errors';
import { JobState, type Event, type JobStatus } from '@cassl/proto';

export type JobKind = 'training' | 'pipeline' | 'labeling' | 'evaluation';
/** What an event tells; the last parts of its subject `cassl.events.<kind>`. */
export type EventKind =
  | 'checkpoint.published'
  | 'alias.moved'
  | 'labeling.unhealthy'
  | `${JobKind}.${'progress' | 'completed' | 'failed' | 'cancelled'}`;

/** @throws INVALID_ARGUMENT for an event without a fact */
export function eventKind({ fact }: { readonly fact?: Event['fact'] }): EventKind {
  switch (fact?.$case) {
    case 'checkpointPublished':
      return 'checkpoint.published';
    case 'aliasMoved':
      return 'alias.moved';
    case 'teacherCollapsed':
      return 'labeling.unhealthy';
    case 'training':
    case 'pipeline':
    case 'labeling':
    case 'evaluation':
      return `${fact.$case}.${outcome(fact.value.status)}`;
    case undefined:
      throw invalidArgument('event.fact must be set');
  }
}

function outcome(status: JobStatus | undefined): 'progress' | 'completed' | 'failed' | 'cancelled' {
  switch (status?.state) {
    case JobState.JOB_STATE_SUCCEEDED:
      return 'completed';
    case JobState.JOB_STATE_FAILED:
      return 'failed';
    case JobState.JOB_STATE_CANCELLED:
      return 'cancelled';
    default:
      return 'progress';
  }
}
