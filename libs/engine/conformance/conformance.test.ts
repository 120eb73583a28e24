import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../src/open-engine.ts';

const silent = { info: () => undefined, warn: () => undefined };
const torch = await openEngine({ engine: 'torch', logger: silent }).catch(() => undefined);

// A process each: the specs replace tfjs's backends and jasmine's globals.
describe("tfjs-core's own specs", () => {
  it.skipIf(!torch)(
    'torch passes all but those that exclusions.ts gives a reason for',
    { timeout: 120_000 },
    () => expectConformance('torch'),
  );
  it('wasm passes more of them than the package alone', { timeout: 120_000 }, () =>
    expectConformance('wasm'),
  );
});

async function expectConformance(engine: string): Promise<void> {
  const script = join(import.meta.dirname, 'run.ts');
  // Rejects when the exit code says that too few pass.
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--engine', engine, '--json'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
    readonly passed: number;
    readonly failed: number;
    readonly excluded: Readonly<Record<string, number>>;
  };
  const excluded = Object.values(result.excluded).reduce((sum, count) => sum + count, 0);
  // Every spec is accounted for: a bundle that lost files would pass the share all the same.
  expect(result.passed + result.failed + excluded).toBeGreaterThan(4200);
}
