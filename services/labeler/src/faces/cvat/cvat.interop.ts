import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { MASK, serveScripted } from '../http/scripted-inference.fixture.ts';

/** `pip install cvat-sdk` in an environment of its own. */
const python = process.env['CASSL_CVAT_PYTHON'] ?? 'none';
const hasCvat = spawnSync(python, ['-c', 'import cvat_sdk.masks'], { timeout: 120_000 }).status === 0;

it.skipIf(!hasCvat)('masks are what CVAT’s own code makes of them (needs CASSL_CVAT_PYTHON)', async () => {
  const test = await serveScripted();
  try {
    const script = join(import.meta.dirname, 'cvat.interop.py');
    const image = Buffer.from('photo').toString('base64');
    const { stdout } = await promisify(execFile)(python, [script, test.http.url, 'shop.prod', image], {
      timeout: 120_000,
    });
    const { stored, encoded, ...seen } = JSON.parse(stdout) as Record<string, unknown>;
    expect(stored).toEqual(encoded);
    expect(seen).toEqual({ types: ['mask', 'rectangle'], same: true, bitmaps: [[...MASK.data]] });
  } finally {
    await test.stop();
  }
});
