import type { Labeling } from '@cassl/proto';
import type { Json } from '../../json.ts';
import type { ShownState } from '../../parts/badge.tsx';

/** A paused job stays RUNNING for the platform; people want to see that it is not. */
export function shownState({ status, pause }: Json<Labeling>): ShownState | undefined {
  return pause !== undefined && status?.state === 'JOB_STATE_RUNNING' ? 'paused' : status?.state;
}
