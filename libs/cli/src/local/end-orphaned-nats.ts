import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failedPrecondition } from '@cassl/errors';

const END_TIMEOUT_MS = 10_000;

/** Remembers the nats-server of a home, so that the next start can end it where its parent was killed. */
export async function rememberNats(home: string, pid: number): Promise<void> {
  await writeFile(pidFile(home), `${pid}\n`);
}

export async function forgetNats(home: string): Promise<void> {
  await rm(pidFile(home), { force: true });
}

/**
 * Ends a nats-server that outlived its parent: two on one folder would destroy each other's streams. One that does not end by itself,
 * as on a machine with too much to do, is killed; its streams are made for that.
 */
export async function endOrphanedNats(home: string, endTimeoutMs = END_TIMEOUT_MS): Promise<void> {
  const pid = Number(await readFile(pidFile(home), 'utf8').catch(() => '0'));
  if (!(pid > 0) || !(await isNatsOf(pid, home))) return;
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

function pidFile(home: string): string {
  return join(home, 'nats-server.pid');
}
