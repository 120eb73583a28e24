import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { torchIsBuilt } from './testing.ts';

describe.skipIf(!torchIsBuilt)('the addon under nonsense (needs the built addon)', () => {
  it('returns or throws, and never ends the process or leaks', () => {
    const script = join(import.meta.dirname, 'fuzz-operations.ts');
    const said = execFileSync(process.execPath, [script, '7', '60'], { encoding: 'utf8' });
    const { thrown, returned, tensors, live } = JSON.parse(said) as Record<string, number>;
    expect(thrown).toBeGreaterThan(1000);
    expect(returned).toBeGreaterThan(100);
    expect(tensors).toBe(live);
  });

  it('takes no harm from any array, shape, handle or setting', () => {
    const script = join(import.meta.dirname, 'fuzz-data.ts');
    const said = execFileSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' });
    const { thrown, returned, lost, values } = JSON.parse(said) as Record<string, number>;
    expect(thrown).toBeGreaterThan(1000);
    expect(returned).toBeGreaterThan(100);
    expect(lost).toBe(0);
    expect(values).toEqual([7, 8, 9]);
  });
});
