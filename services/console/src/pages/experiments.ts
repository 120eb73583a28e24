import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import type { ExperimentRecord } from '../contract/experiment-record.ts';
import type { PageParts } from '../page-parts.ts';
import { poll } from '../http/poll.ts';
import { sendEvents } from '../http/send-events.ts';
import type { ConsoleEnv } from '../http/session.ts';

const LIST_EVERY_MS = 2000;
/** Of more, the last changed are shown. */
const MAX_EXPERIMENTS = 200;
const MAX_BYTES = 4_000_000;

const verdict = z.enum(['holds', 'fails', 'undecided']);
const numbers = z.record(z.string(), z.number());
const record: z.ZodType<Omit<ExperimentRecord, 'changedAt'>> = z.object({
  result: z.object({
    experiment: z.string(),
    claim: z.string(),
    verdict,
    commands: z.array(z.string()),
    seeds: z.array(z.number()),
    missingSeeds: z.array(z.number()),
    difference: numbers,
    interval: z.record(z.string(), z.tuple([z.number(), z.number()])),
    statements: z.record(z.string(), z.object({ says: z.string(), verdict })),
    summary: z.record(z.string(), z.record(z.string(), z.object({ mean: z.number(), std: z.number() }))),
    compute: z.record(
      z.string(),
      z.object({ iterations: z.number(), images: z.number(), seconds: z.number() }),
    ),
    engine: z.string(),
  }),
  progress: z.object({
    done: z.number(),
    total: z.number(),
    running: z.array(z.string()),
    failed: z.array(z.string()),
  }),
});

/** `GET /events`: the experiments of this machine, last changed first, whenever one changes; `null` where none are kept here. */
export function experimentRoutes({ experimentsDir, stopping }: PageParts): Hono<ConsoleEnv> {
  const list = async (): Promise<ExperimentRecord[] | null> =>
    experimentsDir === undefined ? null : readRecords(experimentsDir);
  return new Hono<ConsoleEnv>().get('/events', (context) =>
    sendEvents(context, stopping, (signal) => poll(list, { everyMs: LIST_EVERY_MS, signal })),
  );
}

async function readRecords(folder: string): Promise<ExperimentRecord[]> {
  const names = await readdir(folder).catch(() => []);
  const records = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => readRecord(join(folder, name))),
  );
  return records
    .filter((one) => one !== undefined)
    .sort((a, b) => b.changedAt.localeCompare(a.changedAt))
    .slice(0, MAX_EXPERIMENTS);
}

/** Nothing where it is gone, or none of ours. */
async function readRecord(path: string): Promise<ExperimentRecord | undefined> {
  try {
    const { size, mtime } = await stat(path);
    if (size > MAX_BYTES) return undefined;
    const { success, data } = record.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return success ? { ...data, changedAt: mtime.toISOString() } : undefined;
  } catch {
    return undefined;
  }
}
