import { readFile } from 'node:fs/promises';

/** The most MiB that each process of `pids` has had since it started, or had before in `known`. */
export async function peakMemory(
  pids: Readonly<Record<string, readonly number[]>>,
  known: Readonly<Record<string, number>> = {},
): Promise<Record<string, number>> {
  const peaks: Record<string, number> = {};
  for (const [name, own] of Object.entries(pids)) {
    for (const [index, pid] of own.entries()) {
      const key = index === 0 ? name : `${name} worker`;
      const now = await peakOf(pid);
      peaks[key] = Math.max(peaks[key] ?? 0, known[key] ?? 0, now);
    }
  }
  return peaks;
}

/** 0 for a process that is gone. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}
