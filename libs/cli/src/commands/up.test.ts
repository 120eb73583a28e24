import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPorts } from '../local/check-ports.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

describe('cassl up', () => {
  let home = '';
  let up: ChildProcess | undefined;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'cassl-up-'));
  });
  afterEach(async () => {
    if (up?.exitCode === null && up.signalCode === null) up.kill('SIGKILL');
    await rm(home, { recursive: true, force: true });
  });

  const start = (): ChildProcess => {
    up = spawn(process.execPath, [MAIN, 'up', '--home', home, '--free-ports', '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return up;
  };
  /** Once is enough: what would want a second signal runs into the test's limit. */
  const stop = async (child: ChildProcess): Promise<void> => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };

  it('stops everything at one signal', async () => {
    const child = start();
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const { pids } = JSON.parse(String(line)) as { pids: Record<string, number> };
    await stop(child);
    for (const pid of Object.values(pids)) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  }, 120_000);

  it('starts a service again that was killed, and says so', async () => {
    const child = start();
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => (said += String(chunk)));
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const { pids } = JSON.parse(String(line)) as { pids: Record<string, number> };
    process.kill(pids.evaluator!, 'SIGKILL');
    while (!/evaluator +died \(SIGKILL\), starting it again in 1 s\nevaluator +ready after/.test(said)) {
      await once(child.stderr!, 'data');
    }
    await stop(child);
  }, 120_000);

  it('names every port that is taken, and ends with 2', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(checkPorts({ 'the registry': port, 'the console': 0 })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining(
        `port ${port} for the registry is taken: stop what listens there`,
      ) as string,
    });
    taken.close();
  });

  it.each([500, 2000])(
    'stops everything at one signal also %d ms after its start',
    async (afterMs) => {
      const child = start();
      await delay(afterMs);
      await stop(child);
    },
    60_000,
  );
});
