import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** CUDA's headers that c10's own need, and the pip packages that bring them where there is no toolkit (some with -cu12 or -cu13). */
const runtimeHeaders = {
  'cuda_runtime.h': 'nvidia-cuda-runtime',
  'crt/host_config.h': 'nvidia-cuda-crt',
};
const ncclHeaders = {
  'nccl.h': 'nvidia-nccl',
  'cublas_v2.h': 'nvidia-cublas',
  'cusparse.h': 'nvidia-cusparse',
  'cusolverDn.h': 'nvidia-cusolver',
};

export interface CudaHeaders {
  /** Folders to search, in order. */
  readonly includeDirs: readonly string[];
  /** c10's allocator statistics compile. */
  readonly runtime: boolean;
  /** c10d's NCCL process group compiles. */
  readonly nccl: boolean;
  /** The headers not found, each with the pip package that has it. */
  readonly missing: readonly string[];
}

/**
 * Looks for CUDA's headers beside a PyTorch wheel (its `nvidia-*` packages; Triton's carries the compiler's `crt/`), in
 * `CUDA_HOME`, and where the toolkit and NGC images have them. The wheel's come first: they are of its version.
 */
export function findCudaHeaders(torchDir: string): CudaHeaders {
  const folders = candidates(dirname(torchDir));
  const find = (header: string): string | undefined =>
    folders.find((folder) => existsSync(join(folder, header)));
  const has = (headers: object): boolean => Object.keys(headers).every(find);
  const runtime = has(runtimeHeaders);
  const nccl = runtime && has(ncclHeaders);
  const used = Object.keys({ ...(runtime && runtimeHeaders), ...(nccl && ncclHeaders) });
  const includeDirs = folders.filter((folder) => used.some((header) => find(header) === folder));
  const missing = Object.entries({ ...runtimeHeaders, ...ncclHeaders })
    .filter(([header]) => find(header) === undefined)
    .map(([header, packageName]) => `${header} (pip: ${packageName})`);
  return { includeDirs, runtime, nccl, missing };
}

function candidates(sitePackages: string): string[] {
  const wheels = join(sitePackages, 'nvidia');
  const toolkit = process.env['CUDA_HOME'] ?? '/usr/local/cuda';
  return [
    ...(existsSync(wheels) ? readdirSync(wheels).sort() : []).map((name) => join(wheels, name, 'include')),
    join(toolkit, 'include'),
    join(sitePackages, 'triton/backends/nvidia/include'),
    '/usr/include',
  ].filter((folder) => existsSync(folder));
}
