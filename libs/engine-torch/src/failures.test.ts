import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findLibtorch } from './find-libtorch.ts';
import { torchIsBuilt } from './testing.ts';

const index = join(import.meta.dirname, 'index.ts');

/** Registers the backend in a process of its own and returns what it printed: `CODE message`, or `ok device`. */
function register(environment: Readonly<Record<string, string>>, options = '{}'): string {
  const script = `
    import { registerTorchBackend } from ${JSON.stringify(index)};
    try { console.log('ok', registerTorchBackend(${options}).device); }
    catch (error) { console.log(error.code, error.message); }`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
}

describe('what can be missing', () => {
  const empty = mkdtempSync(join(tmpdir(), 'cassl-torch-'));

  it('names TORCH_DIR where it holds no libtorch', () => {
    expect(() => findLibtorch(empty)).toThrow(
      expect.objectContaining({ code: 'FAILED_PRECONDITION', message: expect.stringContaining(empty) }),
    );
    expect(register({ TORCH_DIR: empty })).toMatch(/^FAILED_PRECONDITION TORCH_DIR must be/);
  });

  it('says how to build an addon that is not there', () => {
    const path = join(empty, 'none.node');
    expect(register({ CASSL_TORCH_ADDON: path })).toMatch(/^FAILED_PRECONDITION .*not built.*build\.ts/);
  });

  it('says so where the addon is for another platform or ABI', () => {
    const path = join(empty, 'broken.node');
    writeFileSync(path, 'not a shared library');
    expect(register({ CASSL_TORCH_ADDON: path })).toMatch(/^FAILED_PRECONDITION .*does not load/);
  });

  it.skipIf(!torchIsBuilt)('fails at start where a GPU is required and there is none', () => {
    const said = register({ CASSL_REQUIRE_GPU: '1', CUDA_VISIBLE_DEVICES: '' });
    expect(said).toMatch(/^FAILED_PRECONDITION CASSL_REQUIRE_GPU=1 but libtorch .* sees 0 GPUs/);
  });

  it.skipIf(!torchIsBuilt)('names a device that is not there', () => {
    const said = register({ CUDA_VISIBLE_DEVICES: '' }, `{ device: 'cuda:7' }`);
    expect(said).toMatch(/^INVALID_ARGUMENT .*cuda:7 is not there.*0 CUDA devices/);
    expect(register({}, `{ device: 'abacus' }`)).toMatch(/^INVALID_ARGUMENT .*abacus/);
  });
});
