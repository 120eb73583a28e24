import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isWorkerFailure } from './worker-main.ts';
import { startWorkerProcess, type WorkerExit } from './worker-process.ts';

const TOLD = join(import.meta.dirname, 'told.fixture.ts');

/** Runs the worker on a folder as its service would, until it ends. */
async function run(folder: string): Promise<{ readonly exit: WorkerExit; readonly messages: unknown[] }> {
  const messages: unknown[] = [];
  const worker = startWorkerProcess({
    entry: TOLD,
    argv: [folder],
    env: { TOLD: 'by its service', CASSL_LOG_LEVEL: 'silent' },
    onMessage(message) {
      messages.push(message);
      if (folder.endsWith('until-stopped')) void worker.stop();
    },
  });
  return { exit: await worker.exited, messages };
}

/** The same as the program of a Kubernetes Job: nobody listens but stdout's reader. */
async function runAlone(
  ...argv: string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [TOLD, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CASSL_LOG_LEVEL: 'error' },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

describe('the main of a worker', () => {
  it('is given its folder and its settings, and exits 0', async () => {
    const { exit, messages } = await run('/jobs/fine');
    expect(exit).toEqual({ code: 0, signal: null });
    expect(messages).toEqual([{ type: 'ready', folder: '/jobs/fine', env: 'by its service' }]);
  });

  it.each([
    ['refused', 2, 'INVALID_ARGUMENT', 'Spec.size must be 1 to 9, got 10'],
    ['outage', 1, 'UNAVAILABLE', 'the registry is away'],
    ['broken', 1, 'UNKNOWN', 'no such layer'],
  ])(
    'says of %s why it ends, and whether another attempt may do better',
    async (task, code, name, message) => {
      const { exit, messages } = await run(`/jobs/${task}`);
      const last = messages.at(-1);
      expect(isWorkerFailure(last)).toBe(true);
      expect(last).toEqual({ type: 'failed', code: name, message });
      expect(exit).toEqual({ code, signal: null });
    },
  );

  it('keeps what is done when it is stopped, and exits 0', async () => {
    const { exit, messages } = await run('/jobs/until-stopped');
    expect(messages.at(-1)).toEqual({ type: 'kept', aborted: true });
    expect(exit).toEqual({ code: 0, signal: null });
  });

  it('is stopped and has not failed where what it did ends by that', async () => {
    const { exit, messages } = await run('/jobs/torn-until-stopped');
    expect(messages).toHaveLength(1);
    expect(exit).toEqual({ code: 0, signal: null });
  });

  it('prints its messages where no service listens, one to a line, and logs its fault beside them', async () => {
    const { code, out, err } = await runAlone('/jobs/outage');
    expect(code).toBe(1);
    const lines = out.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['ready', 'failed']);
    expect(JSON.parse(err.trim())).toMatchObject({ service: 'told', job: 'outage', level: 'error' });
  });

  it('without a folder says how it is called', async () => {
    expect(await runAlone()).toEqual({ code: 2, out: '', err: 'usage: node worker.ts JOB_FOLDER\n' });
  });

  it.each([undefined, null, 'failed', { type: 'progress' }, []])('takes %j for no failure', (message) => {
    expect(isWorkerFailure(message)).toBe(false);
  });
});
