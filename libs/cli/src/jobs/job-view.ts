import type { JobStatus } from '@cassl/proto';

/** Every kind of job, as it is written in front of an id: "training/finetune-1". */
export const JOB_KINDS = ['training', 'labeling', 'evaluation', 'pipeline'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** What every kind of job shows. */
export interface JobView {
  readonly kind: JobKind;
  readonly status: JobStatus;
  /** What it is about, in a few words: a stage and preset, a pool, a checkpoint. */
  readonly about: string;
  /** What it made, once it has succeeded; empty before. */
  readonly result: string;
  /** Further lines: dead shards, notes of what was dropped, stages. */
  readonly details: readonly string[];
  /** Why it takes no work now; empty where it does. */
  readonly paused: string;
  /** Ids of jobs that it started, for its log. */
  readonly parts: readonly string[];
  /** The whole answer in protobuf's JSON form. */
  readonly json: unknown;
}

/** Lower-case words for people and for `--state`. */
export const JOB_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type JobStateWord = (typeof JOB_STATES)[number];

export function stateOf({ status, paused }: JobView): JobStateWord | 'paused' {
  const word = status.state.replace('JOB_STATE_', '').toLowerCase() as JobStateWord;
  return paused !== '' && word === 'running' ? 'paused' : word;
}
