import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInGroup } from './run-in-group.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cassl-group-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The folder's processes: those that run in it or have its path in their command. */
function processesOf(inFolder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return environment.includes(inFolder) || command.includes(inFolder) ? [`${pid} ${command}`] : [];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

describe.skipIf(process.platform !== 'linux')('a command of a page (needs /proc)', () => {
  const run = (command: string, limitMs: number, signal = new AbortController().signal) =>
    runInGroup(command, { cwd: folder, env: { ...process.env, MARK: folder }, limitMs, signal });

  it('answers its code and both outputs', async () => {
    expect(await run('echo out; echo err >&2; exit 3', 60_000)).toEqual({ code: 3, output: 'out\nerr\n' });
  });

  it('ends with what it started when its time is over', async () => {
    expect(await run('sleep 600 & sleep 600; true', 200)).toEqual({ code: null, output: '' });
    await expect.poll(() => processesOf(folder)).toEqual([]);
  });

  it('ends with what it started at a signal, which it throws', async () => {
    const stop = new AbortController();
    const ended = run('sleep 600 & sleep 600; true', 60_000, stop.signal);
    await expect.poll(() => processesOf(folder).filter((one) => one.includes('sleep 600')).length).toBe(3);
    stop.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    await expect.poll(() => processesOf(folder)).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'and the services of run-commands.ts end at %s, which leaves no folder',
    async (name) => {
      const root = join(import.meta.dirname, '../..');
      const page = join(folder, 'page.md');
      writeFileSync(page, '```sh\ncassl jobs list\ncassl jobs list --json && sleep 600\n```\n');
      const temporary = join(folder, 'tmp');
      mkdirSync(temporary);
      const running = spawn(process.execPath, ['scripts/docs/run-commands.ts', relative(root, page)], {
        cwd: root,
        env: { ...process.env, TMPDIR: temporary },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      running.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
      await expect.poll(() => output, { timeout: 200_000 }).toMatch(/passed .*cassl jobs list/);
      running.kill(name);
      const [code] = (await once(running, 'exit')) as [number | null];
      expect(code).toBe(130);
      expect(readdirSync(temporary)).toEqual([]);
      await expect.poll(() => processesOf(temporary)).toEqual([]);
    },
    300_000,
  );
});
