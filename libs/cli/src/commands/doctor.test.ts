import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EngineDiagnosis } from '@cassl/engine';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkClone } from '../doctor/clone-checks.ts';
import type { MachineCheck } from '../doctor/machine-checks.ts';

afterEach(() => vi.unstubAllEnvs());

describe('cassl doctor', () => {
  it('says as JSON what each engine is or lacks', { timeout: 120_000 }, async () => {
    const main = join(import.meta.dirname, '../main.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'doctor', '--json']);
    const report = JSON.parse(stdout) as {
      engines: EngineDiagnosis[];
      checks: MachineCheck[];
      advice: string[];
    };
    expect(report.engines.map(({ engine }) => engine)).toEqual(['torch', 'tensorflow', 'wasm']);
    for (const engine of report.engines) {
      if (engine.usable) expect(engine.trainingGflops).toBeGreaterThan(0);
      else expect(engine.missing).toMatch(/\S/);
    }
    expect(report.engines.at(-1)!.usable).toBe(true);
    expect(report.advice.length).toBeGreaterThan(0);
    expect(report.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['nats-server', 'libtorch', 'disk', 'chromium']),
    );
  });

  it('names for each thing that is missing what goes without it and the command that brings it', () => {
    vi.stubEnv('PATH', '/nowhere');
    const missing = checkClone().filter(({ ok }) => !ok);
    expect(missing.map(({ name }) => name)).toEqual(expect.arrayContaining(['pip, venv', 'image tool']));
    for (const { detail, fix } of missing) {
      expect(detail).toMatch(/^missing: \S/);
      expect(fix).toMatch(/^(apt-get install|bash scripts\/)/);
    }
  });

  it('asks an installed command for nothing that only a clone uses', () => {
    expect(checkClone('/nowhere')).toEqual([]);
  });
});
