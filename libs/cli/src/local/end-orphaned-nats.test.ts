import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOrphanedNats, rememberNats } from './end-orphaned-nats.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-orphan-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** A process that looks like the nats-server of a home; answers how it ended. */
async function pretend(program: string): Promise<{ pid: number; ended: Promise<unknown[]> }> {
  const script = `${program}; setInterval(() => {}, 1000); console.log('up')`;
  const child = spawn(process.execPath, ['-e', script, 'nats-server', join(home, 'nats')]);
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  return { pid: child.pid!, ended };
}

describe('endOrphanedNats', () => {
  it('lets it end by itself', async () => {
    const { pid, ended } = await pretend('');
    await rememberNats(home, pid);
    await endOrphanedNats(home);
    expect(await ended).toEqual([null, 'SIGTERM']);
  });

  it('kills one that is too busy to end, before another may use its folder', async () => {
    const { pid, ended } = await pretend(`process.on('SIGTERM', () => {})`);
    await rememberNats(home, pid);
    await endOrphanedNats(home, 300);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('leaves a process alone that only has its number', async () => {
    await rememberNats(home, process.pid);
    await endOrphanedNats(home);
    await endOrphanedNats(join(home, 'nothing'));
  });
});
