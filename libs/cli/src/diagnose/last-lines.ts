import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '@cassl/errors';

const TAIL_BYTES = 256 * 1024;

/** The last lines of each log in a folder, or why one cannot be read; empty where there is no folder. */
export async function lastLines(folder: string, lines: number): Promise<Record<string, string[]>> {
  const names = await readdir(folder).catch(() => []);
  const logs = names.filter((name) => name.endsWith('.log')).sort();
  return Object.fromEntries(
    await Promise.all(
      logs.map(async (name) => [name, await tail(join(folder, name), lines).catch(unread)] as const),
    ),
  );
}

function unread(error: unknown): string[] {
  return [`(cannot be read: ${errorMessage(error)})`];
}

async function tail(path: string, lines: number): Promise<string[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const whole = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    // The first line of a cut is none.
    return whole
      .slice(start > 0 ? 1 : 0)
      .filter((line) => line !== '')
      .slice(lines === 0 ? Infinity : -lines);
  } finally {
    await file.close();
  }
}
