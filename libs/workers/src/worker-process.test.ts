import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

const CHANNEL = join(import.meta.dirname, 'channel.fixture.ts');

/** A worker and what it has said. */
async function started(...argv: string[]): Promise<{
  readonly worker: WorkerProcess;
  readonly messages: unknown[];
  readonly lines: string[];
  readonly until: (count: number) => Promise<void>;
}> {
  const messages: unknown[] = [];
  const lines: string[] = [];
  const worker = startWorkerProcess({
    entry: CHANNEL,
    argv,
    onMessage: (message) => messages.push(message),
    onLine: (line) => lines.push(line),
  });
  const until = async (count: number): Promise<void> => {
    while (messages.length < count) await delay(20);
  };
  await until(1);
  return { worker, messages, lines, until };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a worker process', () => {
  it('exchanges messages with its service, numbers and bytes as what they are', async () => {
    const { worker, messages, until } = await started();
    expect(messages[0]).toEqual({ pid: worker.pid });
    expect(worker.isConnected).toBe(true);
    const sent = { shard: 7, scores: new Float32Array([0.5, 0.25]), until: Infinity };
    worker.send(sent);
    await until(2);
    expect(messages[1]).toEqual({ answerTo: sent, bytes: new Uint8Array([1, 2, 3]) });
    await worker.stop();
  });

  it('hands on each line of its stderr', async () => {
    const { worker, lines, until } = await started();
    worker.send('one');
    worker.send('two');
    await until(3);
    await worker.stop();
    expect(lines).toEqual(['heard "one"', 'heard "two"']);
  });

  it('ends by itself at SIGTERM, and its service knows how', async () => {
    const { worker } = await started();
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
    expect(worker.isConnected).toBe(false);
    expect(worker.send('too late')).toBe(false);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });

  it('is killed where it does not end in time', async () => {
    const { worker } = await started('exit', 'deaf');
    expect(await worker.stop(300)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('that is killed by another says so', async () => {
    const { worker } = await started();
    process.kill(worker.pid!, 'SIGKILL');
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(worker.send('anybody?')).toBe(false);
  });

  it('that cannot even start has an exit', async () => {
    const lines: string[] = [];
    const worker = startWorkerProcess({
      entry: join(import.meta.dirname, 'missing.ts'),
      onMessage: () => undefined,
      onLine: (line) => lines.push(line),
    });
    expect(await worker.exited).toEqual({ code: 1, signal: null });
    expect(lines.join('\n')).toContain('missing.ts');
  });

  it.each(['exit', 'stop'])('does not outlive a killed service (%s)', async (whenAlone) => {
    const service = spawn(process.execPath, [join(import.meta.dirname, 'service.fixture.ts'), whenAlone], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = (await once(service.stdout, 'data')) as [Buffer];
    const pid = Number(chunk.toString());
    expect(isAlive(pid)).toBe(true);
    service.kill('SIGKILL');
    while (isAlive(pid)) await delay(20);
    expect(isAlive(pid)).toBe(false);
  });
});
