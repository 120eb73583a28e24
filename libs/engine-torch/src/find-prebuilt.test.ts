import { describe, expect, it } from 'vitest';
import { findPrebuilt, prebuiltName } from './find-prebuilt.ts';

describe('prebuilt addons', () => {
  it('are named by the minor version of libtorch, with CUDA apart', () => {
    expect(prebuiltName({ version: '1.13.0', cuda: false })).toBe('torch-1.13.node');
    expect(prebuiltName({ version: '2.9.1', cuda: true })).toBe('torch-2.9-cuda.node');
  });

  it('are not taken for a libtorch that lies elsewhere', () => {
    expect(findPrebuilt({ TORCH_DIR: '/opt/torch' })).toMatchObject({ path: undefined, libtorch: undefined });
  });
});
