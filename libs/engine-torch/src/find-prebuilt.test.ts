import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourcesDigest } from './addon-path.ts';
import { findPrebuilt, prebuiltName } from './find-prebuilt.ts';

describe('prebuilt addons', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cassl-prebuilt-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are named by the minor version of libtorch, with CUDA apart, and by their sources', () => {
    const sources = sourcesDigest();
    expect(sources).toMatch(/^[0-9a-f]{12}$/);
    expect(prebuiltName({ version: '1.13.0', cuda: false })).toBe(`torch-1.13-${sources}.node`);
    expect(prebuiltName({ version: '2.9.1', cuda: true })).toBe(`torch-2.9-cuda-${sources}.node`);
  });

  it('are not taken for a libtorch that lies elsewhere', () => {
    expect(findPrebuilt({ TORCH_DIR: '/opt/torch' })).toMatchObject({ path: undefined, libtorch: undefined });
  });

  it('are not taken where their sources were others', () => {
    writeFileSync(join(folder, 'torch-1.13-0123456789ab.node'), '');
    expect(findPrebuilt({}, [folder])).toMatchObject({ path: undefined, versions: [] });
  });

  it('are not taken for another libtorch, whose versions are told', () => {
    writeFileSync(join(folder, prebuiltName({ version: '0.4.1', cuda: false })), '');
    expect(findPrebuilt({}, [folder])).toMatchObject({ path: undefined, versions: ['0.4'] });
  });

  it('are taken for the libtorch of the system', ({ skip }) => {
    const { libtorch } = findPrebuilt({}, []);
    if (libtorch === undefined) return skip('no libtorch of the system');
    const name = prebuiltName({ version: `${libtorch}.0`, cuda: false });
    writeFileSync(join(folder, name), '');
    expect(findPrebuilt({}, [folder]).path).toBe(join(folder, name));
  });
});
