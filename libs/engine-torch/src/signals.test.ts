import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { torchIsBuilt } from './testing.ts';

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: { readonly url: string }; readonly hitCount: number }[];
}

const script = join(import.meta.dirname, 'multiply-under-signals.ts');

function multiply(nodeArguments: string[], signal?: string): { products: number; handled: number } {
  const said = execFileSync(
    process.execPath,
    [...nodeArguments, script, '1500', ...(signal ? [signal] : [])],
    {
      encoding: 'utf8',
      stdio: 'pipe',
    },
  );
  return JSON.parse(said) as { products: number; handled: number };
}

// Each of these ended in a corrupt heap on a CPU with AVX2 or AVX-512 while signals ran on oneDNN's stack.
describe.skipIf(!torchIsBuilt)('signals while a matrix is multiplied (needs the built addon)', () => {
  it('lets --cpu-prof sample the products and write its profile', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cassl-profile-'));
    multiply(['--cpu-prof', '--cpu-prof-interval', '100', `--cpu-prof-dir=${folder}`]);
    const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
    const { nodes } = JSON.parse(readFileSync(join(folder, file!), 'utf8')) as CpuProfile;
    const hits = nodes.filter(({ callFrame }) => callFrame.url.endsWith('/native-call.ts'));
    expect(hits.reduce((sum, { hitCount }) => sum + hitCount, 0)).toBeGreaterThan(100);
  });

  it('goes on where the process handles a signal all the while', () => {
    const { products, handled } = multiply([], 'SIGUSR2');
    expect(products).toBeGreaterThan(20);
    expect(handled).toBeGreaterThan(100);
  });
});
