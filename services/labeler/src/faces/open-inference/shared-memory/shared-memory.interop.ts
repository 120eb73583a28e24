import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { encodePng } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { serveNoOp } from '../serve-no-op.fixture.ts';

const run = promisify(execFile);
const python = resolve(process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python');

describe.skipIf(!existsSync(python))('tritonclient.utils.shared_memory (needs CASSL_PYTHON)', () => {
  it('hands images and boxes over in /dev/shm, over gRPC and HTTP', async () => {
    const test = await serveNoOp({}, { CASSL_SHARED_MEMORY: 'system' });
    const folder = await mkdtemp(join(tmpdir(), 'cassl-shm-'));
    try {
      const image = join(folder, 'image.png');
      await writeFile(image, await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
      const script = join(import.meta.dirname, 'shared-memory.interop.py');
      const addresses = [test.server.address, new URL(test.http.url).host];
      const { stdout } = await run(python, [script, ...addresses, image], { timeout: 120_000 });
      const seen = {
        boxes: [[[0, 0, 5, 4]]],
        labels: [[7]],
        regions: ['input_data', 'output_data'],
        left: 0,
      };
      expect(JSON.parse(stdout)).toEqual([seen, seen]);
    } finally {
      await test.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
