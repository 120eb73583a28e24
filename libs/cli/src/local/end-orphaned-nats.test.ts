import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

/** The parent of an orphan: no process has this number. */
const GONE = 2 ** 30;

describe('endOrphanedNats', () => {
  it('lets it end by itself', async () => {
    const { pid, ended } = await pretend('');
    await rememberNats(home, pid, GONE);
    await endOrphanedNats(home);
    expect(await ended).toEqual([null, 'SIGTERM']);
  });

  it('kills one that is too busy to end, before another may use its folder', async () => {
    const { pid, ended } = await pretend(`process.on('SIGTERM', () => {})`);
    await rememberNats(home, pid, GONE);
    await endOrphanedNats(home, 300);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('leaves that of a command that is alive alone, and names the command', async () => {
    // A parent that does nothing but have it, as `cassl up` while its services start.
    const nats = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'nats-server', process.argv[1]])`;
    const file = join(home, 'cassl.js');
    await writeFile(
      file,
      `process.argv[1] = process.argv[3];\nconsole.log(${nats}.pid);\nsetInterval(() => {}, 1000)`,
    );
    const parent = spawn(process.execPath, [file, 'up', join(home, 'nats')]);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line);
    // Empty of one that has ended, whether somebody has fetched its exit code or not.
    const commandLine = (): Promise<string> => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    try {
      await rememberNats(home, pid, parent.pid);
      await expect(endOrphanedNats(home)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringMatching(
          new RegExp(`^\`cassl up .*\` \\(process ${parent.pid}\\) has services of its own in ${home}: wait`),
        ) as string,
      });
      expect(await commandLine()).toContain('nats-server');
      // Its parent is killed, and it is an orphan.
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      await endOrphanedNats(home);
      expect(await commandLine()).toBe('');
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('leaves a process alone that only has its number', async () => {
    await rememberNats(home, process.pid);
    await endOrphanedNats(home);
    await endOrphanedNats(join(home, 'nothing'));
  });
});
