import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../src/open-engine.ts';
import { availableEngines } from '../src/testing/available-engines.ts';
import { silentLogger } from '../src/testing/silent-logger.ts';
import {
  batchImages,
  createSmallNet,
  initialValues,
  smallNetImages,
  smallNetSgd,
  smallNetShapes,
} from '../src/testing/small-net.ts';

const python = process.env['CASSL_PYTHON'] ?? join(import.meta.dirname, '../../../.tools/python/bin/python');
const engines = await availableEngines(['torch', 'wasm']);
const steps = 50;

describe.skipIf(!existsSync(python))('training against PyTorch', () => {
  it.each(engines)('%s has the same losses over 50 steps to 1e-3', async (engine) => {
    await openEngine({ engine, logger: silentLogger });
    const expected = peerLosses();
    const net = createSmallNet();
    for (let step = 0; step < steps; step++) {
      const loss = net.step(step);
      expect(Math.abs(loss - expected[step]!)).toBeLessThan(1e-3 * expected[step]!);
    }
    net.dispose();
  });
});

function peerLosses(): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'small-net-'));
  try {
    const parameters = Object.fromEntries(
      Object.entries(smallNetShapes).map(([name, shape], index) => [
        name,
        [shape, [...initialValues(name, index)]],
      ]),
    );
    const batches = Array.from({ length: steps }, (_, index) => [...batchImages(index)]);
    const input = { parameters, batches, images: smallNetImages, sgd: smallNetSgd };
    writeFileSync(join(folder, 'input.json'), JSON.stringify(input));
    const script = join(import.meta.dirname, 'small_net.py');
    return JSON.parse(execFileSync(python, [script, folder], { encoding: 'utf8' })) as number[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
