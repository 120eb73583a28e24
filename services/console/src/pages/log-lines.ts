import { join } from 'node:path';
import { invalidArgument } from '@cassl/errors';
import { openRegularFile } from '@cassl/storage';
import { Hono } from 'hono';
import { z } from 'zod';
import type { PageParts } from '../page-parts.ts';
import type { ConsoleEnv } from '../http/session.ts';

/** Read from the end of a log file. */
const TAIL_BYTES = 262_144;
const LINES = 30;
const SERVICES = ['trainer', 'labeler', 'evaluator', 'registry'];

export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly text: string;
}

/** `GET ?service=trainer&job=ID`: the last lines that a service wrote about a job; `null` where its log is not on this machine. */
export function logRoutes({ logsDir }: Pick<PageParts, 'logsDir'>): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>().get('/', async (context) => {
    const service = context.req.query('service') ?? '';
    const job = context.req.query('job') ?? '';
    if (!SERVICES.includes(service)) {
      throw invalidArgument(`service must be one of ${SERVICES.join(', ')}, got ${JSON.stringify(service)}`);
    }
    if (job === '') throw invalidArgument('job must be the id of a job, got nothing');
    return context.json({ lines: logsDir === undefined ? null : await lastLines(logsDir, service, job) });
  });
}

async function lastLines(logsDir: string, service: string, job: string): Promise<LogLine[]> {
  const text = await tail(join(logsDir, `${service}.log`));
  return text
    .split('\n')
    .filter((line) => line.includes(JSON.stringify(job)))
    .flatMap(toLine)
    .slice(-LINES);
}

async function tail(path: string): Promise<string> {
  const file = await openRegularFile(path).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const start = Math.max(0, file.sizeBytes - TAIL_BYTES);
    const text = new TextDecoder().decode(await file.read(start, file.sizeBytes));
    // The first line is cut unless the file begins with it.
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

/** As our services write their lines. */
const logged = z.object({
  time: z.string().default(''),
  level: z.string().default(''),
  msg: z.string().default(''),
  err: z.object({ message: z.string().optional() }).optional(),
  audit: z.boolean().default(false),
});

function toLine(line: string): LogLine[] {
  try {
    const { time, level, msg, err, audit } = logged.parse(JSON.parse(line));
    // Who asked for what is for those who keep the audit.
    if (audit) return [];
    return [{ time, level, text: err?.message === undefined ? msg : `${msg}: ${err.message}` }];
  } catch {
    // A line that is only half there, or not of ours.
    return [];
  }
}
