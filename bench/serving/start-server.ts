import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface BenchServer {
  readonly address: string;
  /** Processor time of it and its children until now. */
  cpuSeconds(): Promise<number>;
  /** Resident memory of it and its children. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

const START_MS = 120_000;
const ADDRESS = /^(http:\/\/)?127\.0\.0\.1:\d+$/;
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
/** Places in /proc/PID/stat, counted from behind the name. */
const STAT = { group: 2, userTicks: 11, systemTicks: 12, residentPages: 21 };

/** Starts a server in a process group of its own and waits for the address that it prints. */
export async function startServer(file: string, spec: object): Promise<BenchServer> {
  const program = file.endsWith('.py') ? (process.env['CASSL_PYTHON'] ?? 'python3') : process.execPath;
  const child = spawn(program, [join(import.meta.dirname, file), JSON.stringify(spec)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, OMP_WAIT_POLICY: 'passive' },
  });
  // A group of its own outlives us otherwise, whatever ends us.
  const killGroup = (): void => signalGroup(child, 'SIGKILL');
  process.once('exit', killGroup);
  try {
    const address = await addressOf(child, file);
    return {
      address,
      cpuSeconds: () => cpuOf(child.pid ?? 0),
      residentBytes: async () => PAGE_BYTES * (await sumOverGroup(child.pid ?? 0, [STAT.residentPages])),
      stop: () => end(child).finally(() => process.removeListener('exit', killGroup)),
    };
  } catch (error) {
    await end(child);
    throw error;
  }
}

async function addressOf(child: ChildProcess, file: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(() => reject(new Error(`${file} told no address within ${START_MS} ms`)), START_MS);
  child.once('exit', () => reject(new Error(`${file} ended before it served`)));
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (ADDRESS.test(line.trim())) resolve(line.trim());
    });
  try {
    return await promise;
  } finally {
    clearTimeout(late);
  }
}

async function cpuOf(group: number): Promise<number> {
  return (await sumOverGroup(group, [STAT.userTicks, STAT.systemTicks])) / TICKS_PER_SECOND;
}

/** Everything in the group: servers fork workers. */
async function sumOverGroup(group: number, places: readonly number[]): Promise<number> {
  let sum = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[STAT.group]) !== group) continue;
    for (const place of places) sum += Number(fields[place]);
  }
  return sum;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  signalGroup(child, 'SIGTERM');
  const killer = setTimeout(() => signalGroup(child, 'SIGKILL'), 3000);
  await ended;
  clearTimeout(killer);
  signalGroup(child, 'SIGKILL');
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}
