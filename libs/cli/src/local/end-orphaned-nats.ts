import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failedPrecondition } from '@cassl/errors';

const END_TIMEOUT_MS = 10_000;

/** Remembers the nats-server of a home and who started it, so that the next start can end it where its parent was killed. */
export async function rememberNats(home: string, pid: number, parent = process.pid): Promise<void> {
  await writeFile(pidFile(home), `${pid} ${parent}\n`);
}

export async function forgetNats(home: string): Promise<void> {
  await rm(pidFile(home), { force: true });
}

/**
 * Ends a nats-server that outlived its parent: two on one folder would destroy each other's streams. One that does not end by itself,
 * as on a machine with too much to do, is killed; its streams are made for that.
 * @throws FAILED_PRECONDITION naming the parent where another process that is alive has it
 */
export async function endOrphanedNats(home: string, endTimeoutMs = END_TIMEOUT_MS): Promise<void> {
  const text = await readFile(pidFile(home), 'utf8').catch(() => '');
  const [pid = 0, parent = 0] = text.trim().split(' ').map(Number);
  if (!(pid > 0) || !(await isNatsOf(pid, home))) return;
  if (parent !== process.pid && (await parentOf(pid)) === parent) {
    throw failedPrecondition(
      `${await commandOf(parent)} (process ${parent}) has services of its own in ${home}: wait until it has ended, ` +
        'or until it has printed their addresses if it is `cassl up`, or use another --home',
    );
  }
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    process.kill(pid, signal);
    const deadline = performance.now() + endTimeoutMs;
    while (performance.now() < deadline && (await isNatsOf(pid, home))) await delay(50);
    if (!(await isNatsOf(pid, home))) return;
  }
  throw failedPrecondition(
    `nats-server ${pid} of ${home} does not end; end it before its folder is used again`,
  );
}

/** A process id may have gone to someone else since. */
async function isNatsOf(pid: number, home: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes('nats-server') && command.includes(join(home, 'nats'));
}

/** 0 where it is not known. Who outlives its parent gets another one. */
async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/** As somebody typed it: "cassl up --free-ports". */
async function commandOf(pid: number): Promise<string> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const program = words.findIndex((word) => /\b(cassl|main)(\.[jt]s)?$/.test(word));
  return program < 0 ? 'another program' : `\`${['cassl', ...words.slice(program + 1)].join(' ').trim()}\``;
}

function pidFile(home: string): string {
  return join(home, 'nats-server.pid');
}
