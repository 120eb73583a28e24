import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '@cassl/errors';

export interface Starting {
  readonly name: string;
  readonly pid: number;
  /** Answers 200 once it serves. */
  readonly url: string;
  readonly isAlive: () => boolean;
  /** The end of what it has written. */
  readonly lastWords: () => string;
  readonly logFile: string;
  /** How long nothing may happen. @default 60_000 */
  readonly quietMs?: number;
}

const LOOK_EVERY_MS = 50;
/** The whole start, however busy: something that computes for ever is broken. */
const LONGEST_MS = 900_000;

/** Waits as long as a process that starts writes something or spends processor time. @throws UNAVAILABLE with its last words */
export async function waitUntilReady(starting: Starting): Promise<void> {
  const { name, pid, url, isAlive, lastWords, logFile, quietMs = 60_000 } = starting;
  const startedAt = performance.now();
  let seen = '';
  let seenAt = startedAt;
  while (isAlive()) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(quietMs) }).catch(() => undefined);
    if (answer?.ok === true) return;
    const now = performance.now();
    const progress = `${lastWords().length} ${lastWords().slice(-80)} ${await processorTime(pid)}`;
    if (progress !== seen) [seen, seenAt] = [progress, now];
    if (now - seenAt > quietMs || now - startedAt > LONGEST_MS) {
      const seconds = Math.round((now - startedAt) / 1000);
      throw unavailable(`${name} was not ready after ${seconds} s and does nothing; see ${logFile}`);
    }
    await delay(LOOK_EVERY_MS);
  }
  throw unavailable(`${name} ended while it started: ${reason(name, lastWords())}; see ${logFile}`);
}

/** Services end with one plain line: "trainer: CASSL_PORT must be …". */
function reason(name: string, lastWords: string): string {
  const lines = lastWords.trim().split('\n');
  const plain = lines.findLast((line) => line.startsWith(`${name}: `));
  return plain?.slice(name.length + 2) ?? lines.at(-1)?.slice(0, 300) ?? 'it said nothing';
}

/** Clock ticks that the process has had, in steps of a tenth of a second: an idle event loop shall not count. */
async function processorTime(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Math.floor((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 10);
}
