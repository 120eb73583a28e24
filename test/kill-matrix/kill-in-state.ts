import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { isEnded } from '@cassl/jobs';
import { JobState, jobStateToJSON, type JobStatus } from '@cassl/proto';
import { until } from '../clients.ts';
import type { Cluster } from '../cluster.ts';
import type { JobKind } from './job-kinds.ts';

export const STATES = ['queued', 'running early', 'running late', 'cancelling', 'finishing'] as const;
export type State = (typeof STATES)[number];

export const TARGETS = {
  trainer: { process: 'trainer' },
  'training worker': { process: 'trainer', worker: 'worker.ts' },
  labeler: { process: 'labeler' },
  'label worker': { process: 'labeler', worker: 'label-worker.ts' },
  evaluator: { process: 'evaluator' },
  'evaluation worker': { process: 'evaluator', worker: 'worker.ts' },
  registry: { process: 'registry' },
  'nats-server': { process: 'nats-server' },
} as const;
export type Target = keyof typeof TARGETS;

export interface Cell {
  readonly target: Target;
  readonly job: string;
  readonly state: State;
  /** What the job's record said just before the kill. */
  readonly seen: string;
  /** False where the worker had no process in this state. */
  readonly killed: boolean;
  /** "equal", or what was wrong. */
  readonly verdict: string;
}

const LATE = 0.6;
const AWAY_MS = 300;
const WORKER_WAIT_MS = 1_500;
const END_MS = 120_000;

/**
 * Runs one job, kills `target` once the job is in `state`, brings a service back, and compares what the job made with `expected`. A
 * cancelled job must be CANCELLED, and is then resumed to its end.
 */
export async function killInState(options: {
  readonly cluster: Cluster;
  readonly jobs: JobKind;
  readonly noun: string;
  readonly id: string;
  readonly target: Target;
  readonly state: State;
  readonly expected: unknown;
}): Promise<Cell> {
  const { cluster, jobs, noun, id, target, state, expected } = options;
  await until(() => jobs.start(id), Boolean, END_MS);
  const status = await until(
    () => jobs.status(id),
    (now) => isEnded(now) || isIn(state, now),
    END_MS,
  );
  const cell = { target, job: noun, state, seen: describe(status) };
  const cancelled = state === 'cancelling' ? jobs.cancel(id).catch(() => undefined) : undefined;
  const killed = await strike(cluster, target);
  await cancelled;
  try {
    if (state === 'cancelling') await cancelAndResume(jobs, id);
    const end = await until(() => jobs.status(id), isEnded, END_MS);
    if (end?.state !== JobState.JOB_STATE_SUCCEEDED)
      return { ...cell, killed, verdict: `${describe(end)}: ${end?.error?.message ?? ''}` };
    const made = await until(() => jobs.output(id), Boolean, END_MS);
    return { ...cell, killed, verdict: compare(made, expected) };
  } catch (error) {
    return { ...cell, killed, verdict: String(error) };
  }
}

function compare(made: unknown, expected: unknown): string {
  if (isDeepStrictEqual(made, expected)) return 'equal';
  const text = (value: unknown): string => JSON.stringify(value).slice(0, 300);
  return `another output: ${text(made)} instead of ${text(expected)}`;
}

function isIn(state: State, status: JobStatus | undefined): boolean {
  const { done = 0, total = 0 } = status?.progress ?? {};
  switch (state) {
    case 'queued':
      return true;
    case 'running early':
    case 'cancelling':
      return done > 0;
    case 'running late':
      return total > 0 && done >= LATE * total;
    case 'finishing':
      return total > 0 && done >= total;
  }
}

/** The answer of the first cancel may have died with the service. */
async function cancelAndResume(jobs: JobKind, id: string): Promise<void> {
  const ended = await until(
    () => jobs.status(id),
    () => true,
    END_MS,
  );
  if (!isEnded(ended))
    await until(
      () => jobs.cancel(id),
      () => true,
      END_MS,
    );
  const end = await until(() => jobs.status(id), isEnded, END_MS);
  if (end?.state === JobState.JOB_STATE_SUCCEEDED) return;
  if (end?.state !== JobState.JOB_STATE_CANCELLED) throw new Error(`cancelled, ended ${describe(end)}`);
  await until(
    () => jobs.resume(id),
    () => true,
    END_MS,
  );
}

async function strike(cluster: Cluster, target: Target): Promise<boolean> {
  const aim: { readonly process: Parameters<Cluster['kill']>[0]; readonly worker?: string } = TARGETS[target];
  if (aim.worker === undefined || aim.process === 'nats-server') {
    await cluster.kill(aim.process);
    await delay(AWAY_MS);
    await cluster.start(aim.process);
    return true;
  }
  const deadline = performance.now() + WORKER_WAIT_MS;
  while (!cluster.killWorker(aim.process, aim.worker)) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

function describe(status: JobStatus | undefined): string {
  if (status === undefined) return 'no record';
  const { done = 0, total = 0 } = status.progress ?? {};
  return `${jobStateToJSON(status.state).replace('JOB_STATE_', '')} ${done}/${total}`;
}
