import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchModel } from '../serving/model.ts';

export interface MovingServer {
  readonly address: string;
  /** Moves the alias; resolves when the next checkpoint has taken over. */
  move(): Promise<string>;
  /** Resident memory of the service and its model processes. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

const WAIT_MS = 300_000;
const PAGE_BYTES = 4096;

export async function startMovingServer(model: BenchModel): Promise<MovingServer> {
  const child = fork(join(import.meta.dirname, 'moving-server.ts'), [JSON.stringify(model)]);
  const next = async <Message>(): Promise<Message> => {
    const [message] = (await once(child, 'message', { signal: AbortSignal.timeout(WAIT_MS) })) as [Message];
    return message;
  };
  const { address } = await next<{ readonly address: string }>();
  return {
    address,
    async move() {
      const moved = next<{ readonly digest: string }>();
      child.send({});
      return (await moved).digest;
    },
    residentBytes: () => residentBytesOf(child.pid ?? 0),
    async stop() {
      const exited = once(child, 'exit');
      child.disconnect();
      const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(killer);
    },
  };
}

async function residentBytesOf(pid: number): Promise<number> {
  let pages = 0;
  for (const other of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${other}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(other) === pid || Number(fields[1]) === pid) pages += Number(fields[21]);
  }
  return pages * PAGE_BYTES;
}
