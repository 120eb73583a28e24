import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startNatsServer, type NatsServer } from '@cassl/events';
import { createLogger, type Logger } from '@cassl/rpc';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runLabelWorkers } from './run-label-workers.ts';

let home: string;
let server: NatsServer;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-workers-'));
  server = await startNatsServer({ storeDir: join(home, 'nats') });
  vi.stubEnv('CASSL_NATS_URL', server.url);
  vi.stubEnv('CASSL_DATA_DIR', home);
  vi.stubEnv('CASSL_LOG_LEVEL', 'silent');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

/** What it says of its workers, by process number. */
function listen(): { readonly logger: Logger; readonly started: number[]; readonly died: number[] } {
  const [started, died]: [number[], number[]] = [[], []];
  const logger: Pick<Logger, 'info' | 'warn'> = Object.assign(
    createLogger({ name: 'test', level: 'silent' }),
    {
      info: ({ workerPid }: { workerPid: number }) => void started.push(workerPid),
      warn: ({ workerPid }: { workerPid: number }) => void died.push(workerPid),
    },
  );
  return { logger: logger as Logger, started, died };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const until = async (fits: () => boolean): Promise<void> => {
  while (!fits()) await delay(20);
};

describe('label workers', () => {
  let workers: ReturnType<typeof runLabelWorkers> | undefined;
  afterEach(() => workers?.stop());

  it('are as many as asked for, and gone when the service stops', async () => {
    const { logger, started, died } = listen();
    workers = runLabelWorkers(2, logger);
    await until(() => started.length === 2);
    expect(started.every(isAlive)).toBe(true);
    await workers.stop();
    expect(started.some(isAlive)).toBe(false);
    expect(died).toEqual([]);
  });

  it('that die are started again', async () => {
    const { logger, started, died } = listen();
    workers = runLabelWorkers(1, logger);
    await until(() => started.length === 1);
    const [first = 0] = started;
    process.kill(first, 'SIGKILL');
    await until(() => started.length === 2);
    expect(died).toEqual([first]);
    expect(started[1]).not.toBe(first);
    await workers.stop();
    await delay(1_500);
    expect(started).toHaveLength(2);
  });

  it('may be none: other machines have them', async () => {
    const { logger, started } = listen();
    workers = runLabelWorkers(0, logger);
    await workers.stop();
    expect(started).toEqual([]);
  });
});
