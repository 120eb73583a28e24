import type { JobState } from '@cassl/proto';
import type { JSX } from 'preact';

/** Words and class of a state; "planned" is a stage that has no job yet. */
const STATES: Readonly<Record<string, readonly [name: string, kind: string]>> = {
  JOB_STATE_QUEUED: ['queued', 'waiting'],
  JOB_STATE_RUNNING: ['running', 'running'],
  JOB_STATE_SUCCEEDED: ['succeeded', 'good'],
  JOB_STATE_FAILED: ['failed', 'bad'],
  JOB_STATE_CANCELLED: ['cancelled', 'waiting'],
  planned: ['planned', 'planned'],
  paused: ['paused', 'waiting'],
};

export type ShownState = JobState | 'planned' | 'paused';

export function stateName(state: ShownState): string {
  return STATES[state]?.[0] ?? 'unknown';
}

export function stateKind(state: ShownState | undefined): string {
  return STATES[state ?? 'planned']?.[1] ?? 'waiting';
}

/** Says a state in words; the colour only repeats it. */
export function Badge({ state }: { readonly state: ShownState | undefined }): JSX.Element {
  const [name, kind] = STATES[state ?? 'planned'] ?? ['unknown', 'waiting'];
  return <span class={`badge ${kind}`}>{name}</span>;
}

export function isEnded(state: JobState | undefined): boolean {
  return state === 'JOB_STATE_SUCCEEDED' || state === 'JOB_STATE_FAILED' || state === 'JOB_STATE_CANCELLED';
}
