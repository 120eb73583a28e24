import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failedPrecondition } from '@cassl/errors';
import { isEnded } from '@cassl/jobs';
import { paint } from '../output/paint.ts';
import { printable } from '../output/printable.ts';
import { nameOf } from './format-job.ts';
import type { FoundJob } from './open-jobs.ts';
import { readJobLog, type JobLogLine, type LogPositions } from './read-job-log.ts';

export interface ShowJobLogOptions {
  readonly home: string;
  readonly json: boolean;
  /** Of the lines that are there. */
  readonly lines: number;
  /** Goes on until the job has ended. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 500;

/**
 * Prints what services and workers wrote about a job and the jobs that it started.
 * @throws FAILED_PRECONDITION where the logs are elsewhere
 */
export async function showJobLog({ service, job }: FoundJob, options: ShowJobLogOptions): Promise<void> {
  const { home, json, lines, follow, signal } = options;
  await access(join(home, 'logs')).catch(() => {
    throw failedPrecondition(
      `the services' logs are not in ${join(home, 'logs')}: name their folder by --home, or look where they run ` +
        `(kubectl logs -l app.kubernetes.io/name=cassl --all-containers | grep ${job.status.id})`,
    );
  });
  const print = (line: JobLogLine): void => console.log(json ? line.raw : format(line));
  const positions: LogPositions = new Map();
  let latest = job;
  for (const line of (await readJobLog(home, idsOf(latest), positions)).slice(-lines)) print(line);
  while (follow && !isEnded(latest.status) && !signal.aborted) {
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    latest = await service.get(job.status.id);
    for (const line of await readJobLog(home, idsOf(latest), positions)) print(line);
  }
  if (!follow && lines > 0 && positions.size === 0) console.error(`cassl: no log names ${nameOf(job)}`);
}

function idsOf({ status, parts }: FoundJob['job']): string[] {
  return [status.id, ...parts.filter((id) => id !== '')];
}

function format({ log, time, level, text }: JobLogLine): string {
  const colour = level === 'error' || level === 'fatal' ? 'red' : level === 'warn' ? 'yellow' : 'dim';
  return `${paint('dim', time.slice(11, 23))} ${log.padEnd(9)} ${paint(colour, level.padEnd(5))} ${printable(text)}`;
}
