import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from './serve-no-op.fixture.ts';

const MAIN = join(import.meta.dirname, '../../../../../libs/cli/src/main.ts');
let folder: string;
let test: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-load-'));
  for (const name of ['a.png', 'b.png'])
    await writeFile(join(folder, name), await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
  test = await serveNoOp();
});
afterAll(async () => {
  await test.stop();
  await rm(folder, { recursive: true, force: true });
});

async function load(...args: string[]): Promise<Record<string, unknown>> {
  const all = [
    MAIN,
    'load',
    '--model',
    'm',
    '--images',
    folder,
    '--duration',
    '0.5',
    '--warm-up',
    '0.1',
    '--json',
    ...args,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, all, { timeout: 50_000 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('cassl load', () => {
  it('asks over gRPC in a closed loop and over HTTP in an open one, and says how it went', async () => {
    await test.inference.load('m');
    const closed = await load('--target', test.server.address, '--clients', '4');
    expect(closed).toMatchObject({
      errors: {},
      answered: expect.any(Number),
      shape: { kind: 'closed', clients: 4 },
    });
    expect(closed['answered']).toBeGreaterThan(0);
    const open = await load('--target', test.http.url, '--rate', '50', '--seed', '3');
    expect(open).toMatchObject({ errors: {}, shape: { kind: 'open', perSecond: 50, seed: 3 } });
    expect(open['answered']).toBeGreaterThan(0);
  });

  it('names the flag that is wrong, and the model that is not there', async () => {
    await expect(load('--target', test.server.address, '--rate', 'fast')).rejects.toThrow(
      /--rate <n>' argument 'fast' is invalid. It must be a number from 0.001/,
    );
    await expect(load('--target', test.server.address, '--model', 'missing')).rejects.toThrow(
      /model missing/,
    );
  });
});
