import { readdir, readFile } from 'node:fs/promises';

/** What a process holds at one moment. */
export interface ProcessSample {
  readonly descriptors: number;
  readonly threads: number;
  /** Resident memory. */
  readonly megabytes: number;
  /** Processor time since its start. */
  readonly cpuSeconds: number;
}

const TICKS_PER_SECOND = 100;

/** From /proc; undefined for a process that is gone. */
export async function sampleProcess(pid: number): Promise<ProcessSample | undefined> {
  try {
    const [fds, status, stat] = await Promise.all([
      readdir(`/proc/${pid}/fd`),
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    // Behind the name in brackets, which may hold blanks: utime and stime are the 12th and 13th.
    const times = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      descriptors: fds.length,
      threads: field('Threads'),
      megabytes: field('VmRSS') / 1024,
      cpuSeconds: (Number(times[11]) + Number(times[12])) / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}
