import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { encodePng } from '@cassl/vision';
import { expect, it } from 'vitest';
import { serveNoOp } from './faces/open-inference/serve-no-op.fixture.ts';

const run = promisify(execFile);
const python = resolve(process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python');
const tree = join(import.meta.dirname, '../../../clients/python');

it.skipIf(!existsSync(python))(
  'the Python client is built from the tree, installed, and detects (needs CASSL_PYTHON)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cassl-python-client-'));
    const test = await serveNoOp();
    const pip = (...args: string[]) =>
      run(python, ['-m', 'pip', '--disable-pip-version-check', '-q', ...args], {
        cwd: folder,
        timeout: 300_000,
      });
    try {
      const image = join(folder, 'image.png');
      await writeFile(image, await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
      await pip('wheel', '--no-deps', '-w', folder, tree);
      const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
      const site = join(folder, 'site');
      await pip('install', '--no-deps', '--target', site, join(folder, wheel ?? ''));
      const script = join(import.meta.dirname, 'python-client.interop.py');
      const env = { ...process.env, PYTHONPATH: site };
      const { stdout } = await run(python, [script, test.server.address, image], { env, timeout: 60_000 });
      expect(JSON.parse(stdout)).toEqual({
        size: [5, 4],
        box: [0, 0, 5, 4],
        category: 'object',
        streamed: [1, 0, 1],
        bad: 'INVALID_ARGUMENT',
        error: expect.stringMatching(/^NOT_FOUND .*missing/) as string,
      });
    } finally {
      await test.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
