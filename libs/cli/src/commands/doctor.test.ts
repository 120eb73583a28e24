import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EngineDiagnosis } from '@cassl/engine';
import { describe, expect, it } from 'vitest';

describe('cassl doctor', () => {
  it('says as JSON what each engine is or lacks', { timeout: 120_000 }, async () => {
    const main = join(import.meta.dirname, '../main.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'doctor', '--json']);
    const report = JSON.parse(stdout) as { engines: EngineDiagnosis[]; advice: string[] };
    expect(report.engines.map(({ engine }) => engine)).toEqual(['torch', 'tensorflow', 'wasm']);
    for (const engine of report.engines) {
      if (engine.usable) expect(engine.trainingGflops).toBeGreaterThan(0);
      else expect(engine.missing).toMatch(/\S/);
    }
    expect(report.engines.at(-1)!.usable).toBe(true);
    expect(report.advice.length).toBeGreaterThan(0);
  });
});
