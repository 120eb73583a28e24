import { duration } from '../output/duration.ts';
import { paint, type Colour } from '../output/paint.ts';
import { printable } from '../output/printable.ts';
import { table } from '../output/table.ts';
import { stateOf, type JobView } from './job-view.ts';

const COLOURS: Readonly<Record<string, Colour>> = {
  queued: 'dim',
  running: 'cyan',
  paused: 'yellow',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'yellow',
};

const DIGEST = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g;

/** "training/finetune-1": what every command takes. */
export function nameOf({ kind, status }: JobView): string {
  return `${kind}/${status.id}`;
}

/** A line each: name, state, progress, when and for how long, what it is about. */
export function formatJobs(jobs: readonly JobView[], now = new Date()): string {
  const rows = jobs.map((job) => [
    nameOf(job),
    paintedState(job),
    progressOf(job),
    timesOf(job, now),
    printable(job.about.replaceAll(DIGEST, '$1…')),
  ]);
  return table([['JOB', 'STATE', 'PROGRESS', 'TIME', 'ABOUT'], ...rows]);
}

/** Everything about one, in lines. */
export function formatJob(job: JobView, now = new Date()): string {
  const { status, paused, about, result, details } = job;
  const lines = [
    `${paint('bold', nameOf(job))}  ${paintedState(job)}  ${progressOf(job)}`,
    about,
    `accepted ${status.createdAt?.toISOString() ?? '?'}, ${timesOf(job, now)}${attempts(job)}`,
    ...(paused === '' ? [] : [`paused ${paused}; \`cassl jobs resume ${nameOf(job)}\` goes on`]),
    ...(status.error === undefined ? [] : [`${status.error.code}: ${status.error.message}`]),
    ...(result === '' ? [] : [`result: ${result}`]),
    ...details.map((detail) => `  ${detail}`),
  ];
  return lines.map((line, index) => (index === 0 ? line : printable(line))).join('\n');
}

/** One short line for a job that goes on. */
export function formatProgress(job: JobView): string {
  const message = job.status.progress?.message ?? '';
  const error = job.status.error === undefined ? '' : `  ${job.status.error.message}`;
  return `${nameOf(job)}  ${paintedState(job)}  ${progressOf(job)}${message === '' ? '' : `  ${printable(message)}`}${printable(error)}`;
}

function paintedState(job: JobView): string {
  const state = stateOf(job);
  return paint(COLOURS[state] ?? 'dim', state);
}

function progressOf({ status: { progress } }: JobView): string {
  if (progress === undefined || progress.total === 0) return '';
  const { done, total, unit, rate, etaSeconds } = progress;
  const percent = Math.floor((100 * done) / total);
  const speed = rate > 0 ? `, ${rate.toFixed(rate < 10 ? 2 : 0)}/s` : '';
  const left = etaSeconds > 0 ? `, ${duration(etaSeconds)} left` : '';
  return `${done}/${total} ${unit} ${percent}%${speed}${left}`;
}

function timesOf({ status: { createdAt, startedAt, finishedAt } }: JobView, now: Date): string {
  const between = (from: Date, to: Date): string => duration((to.getTime() - from.getTime()) / 1000);
  if (startedAt === undefined) return createdAt === undefined ? '' : `waits for ${between(createdAt, now)}`;
  return finishedAt === undefined
    ? `runs for ${between(startedAt, now)}`
    : `took ${between(startedAt, finishedAt)}`;
}

function attempts({ status: { attempt } }: JobView): string {
  return attempt > 1 ? `, attempt ${attempt}` : '';
}
