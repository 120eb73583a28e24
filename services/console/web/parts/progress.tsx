import type { JobProgress, JobStatus } from '@cassl/proto';
import type { JSX } from 'preact';
import { count, duration, number } from '../format.ts';
import type { Json } from '../json.ts';

interface ProgressProps {
  readonly progress: Json<JobProgress> | undefined;
  /** What is on its way, for screen readers. */
  readonly label: string;
}

/** A bar; without a known end it says only that something goes on. */
export function Progress({ progress, label }: ProgressProps): JSX.Element | null {
  if (progress === undefined || progress.total === 0) return null;
  return <progress aria-label={label} max={progress.total} value={progress.done} />;
}

/** "120 of 900 iterations · 8.1 iterations/s · 1 min 36 s left". */
export function progressText(status: Json<JobStatus> | undefined): string {
  const progress = status?.progress;
  if (progress === undefined) return '';
  const { done, total, unit, rate, etaSeconds } = progress;
  const isRunning = status?.state === 'JOB_STATE_RUNNING';
  return [
    total > 0 ? `${count(done)} of ${count(total)} ${unit}` : done > 0 ? `${count(done)} ${unit}` : '',
    rate > 0 && isRunning ? `${number(rate)} ${unit}/s` : '',
    etaSeconds > 0 && isRunning ? `${duration(etaSeconds)} left` : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** "120 of 900 · 1 min 36 s left", for a card. */
export function shortProgressText(status: Json<JobStatus> | undefined): string {
  const { done = 0, total = 0, etaSeconds = 0 } = status?.progress ?? {};
  const isRunning = status?.state === 'JOB_STATE_RUNNING';
  return [
    total > 0 ? `${count(done)} of ${count(total)}` : '',
    etaSeconds > 0 && isRunning ? `${duration(etaSeconds)} left` : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** Seconds from start to end, or to now by the clock of this machine, which may be behind. */
export function elapsedSeconds(status: Json<JobStatus> | undefined): number {
  const start = status?.startedAt ?? status?.createdAt;
  if (start === undefined) return NaN;
  const end = status?.finishedAt === undefined ? Date.now() : Date.parse(status.finishedAt);
  return Math.max(0, end - Date.parse(start)) / 1000;
}
