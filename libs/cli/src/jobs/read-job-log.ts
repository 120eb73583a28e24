import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** One line of a service's log that is about a job. */
export interface JobLogLine {
  /** The log: "trainer". */
  readonly log: string;
  readonly time: string;
  readonly level: string;
  readonly text: string;
  /** As it was written. */
  readonly raw: string;
}

/** Fields that every line has, or that say who wrote it. */
const PLAIN = new Set(['level', 'time', 'service', 'pid', 'msg', 'err', 'job', 'fence', 'hostname']);

/** How far a log has been read, by its path. */
export type LogPositions = Map<string, number>;

/**
 * The lines of a home's service logs that name one of `ids`, in order of time, from where `positions` says on; moves
 * `positions` on, so that a second call reads what has come since.
 */
export async function readJobLog(
  home: string,
  ids: readonly string[],
  positions: LogPositions = new Map<string, number>(),
): Promise<JobLogLine[]> {
  const folder = join(home, 'logs');
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.log'));
  const lines = await Promise.all(files.map((name) => linesOf(folder, name, ids, positions)));
  return lines.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

async function linesOf(
  folder: string,
  name: string,
  ids: readonly string[],
  positions: LogPositions,
): Promise<JobLogLine[]> {
  const path = join(folder, name);
  const { size } = await stat(path);
  const known = positions.get(path) ?? 0;
  // A log that was made anew begins again.
  const start = size < known ? 0 : known;
  if (size === start) return [];
  const found: JobLogLine[] = [];
  const input = createReadStream(path, { start, end: size - 1 });
  for await (const raw of createInterface({ input, crlfDelay: Infinity })) {
    if (!ids.some((id) => raw.includes(id))) continue;
    const line = parse(name.replace(/\.log$/, ''), raw, ids);
    if (line !== undefined) found.push(line);
  }
  positions.set(path, size);
  return found;
}

function parse(log: string, raw: string, ids: readonly string[]): JobLogLine | undefined {
  const fields = fieldsOf(raw);
  if (fields === undefined) return { log, time: '', level: '', text: raw, raw };
  const isNamed = (value: unknown): boolean => ids.some((id) => value === id);
  const text = wordOf(fields.msg);
  if (!Object.values(fields).some(isNamed) && !ids.some((id) => text.includes(id))) return undefined;
  const rest = Object.entries(fields)
    .filter(([key, value]) => !PLAIN.has(key) && !isNamed(value))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const { err } = fields as { err?: { message?: string } };
  const reason = err?.message === undefined ? [] : [`: ${err.message}`];
  return {
    log,
    time: wordOf(fields.time),
    level: wordOf(fields.level),
    text: [text + reason.join(''), ...rest].join('  '),
    raw,
  };
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fieldsOf(raw: string): Record<string, unknown> | undefined {
  if (!raw.startsWith('{')) return undefined;
  try {
    return JSON.parse(raw) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
