import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { findCudaHeaders } from './find-cuda-headers.ts';

let site: string;

/** Empty files in the site-packages folder that the wheel would be in. */
function put(...files: string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(site, file)), { recursive: true });
    writeFileSync(join(site, file), '');
  }
}

const runtime = 'nvidia/cu99/include/cuda_runtime.h';
const compiler = 'triton/backends/nvidia/include/crt/host_config.h';
const libraries = ['cublas_v2.h', 'cusparse.h', 'cusolverDn.h'].map((name) => `nvidia/cu99/include/${name}`);

beforeEach(() => {
  site = mkdtempSync(join(tmpdir(), 'cassl-cuda-'));
  vi.stubEnv('CUDA_HOME', join(site, 'toolkit'));
  return () => vi.unstubAllEnvs();
});

describe('findCudaHeaders', () => {
  it("takes each header from the wheel's packages before any toolkit", () => {
    put(runtime, compiler, ...libraries, 'nvidia/nccl/include/nccl.h', 'toolkit/include/cuda_runtime.h');
    const found = findCudaHeaders(join(site, 'torch'));
    expect(found).toEqual({
      includeDirs: ['nvidia/cu99/include', 'nvidia/nccl/include', 'triton/backends/nvidia/include'].map(
        (folder) => join(site, folder),
      ),
      runtime: true,
      nccl: true,
      missing: [],
    });
  });

  it('goes without NCCL where only its header is missing, and names the package', () => {
    put(runtime, compiler, ...libraries);
    const found = findCudaHeaders(join(site, 'torch'));
    expect(found).toMatchObject({ runtime: true, nccl: false, missing: ['nccl.h (pip: nvidia-nccl)'] });
    expect(found.includeDirs).toHaveLength(2);
  });

  it("compiles nothing of c10's CUDA without the compiler's headers", () => {
    put(runtime, ...libraries, 'nvidia/nccl/include/nccl.h');
    expect(findCudaHeaders(join(site, 'torch'))).toEqual({
      includeDirs: [],
      runtime: false,
      nccl: false,
      missing: ['crt/host_config.h (pip: nvidia-cuda-crt)'],
    });
  });

  it('takes what the wheel lacks from CUDA_HOME', () => {
    put(runtime, ...libraries, 'nvidia/nccl/include/nccl.h', 'toolkit/include/crt/host_config.h');
    const found = findCudaHeaders(join(site, 'torch'));
    expect(found.nccl).toBe(true);
    expect(found.includeDirs.at(-1)).toBe(join(site, 'toolkit/include'));
  });
});
