import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { failedPrecondition } from '@cassl/errors';
import { findCudaHeaders } from './find-cuda-headers.ts';

/** A libtorch to compile and link against. */
export interface Libtorch {
  readonly version: string;
  readonly includeDirs: readonly string[];
  readonly libDir: string;
  readonly libraries: readonly string[];
  /** Its CUDA library is there; whether the machine has a GPU is known at run time. */
  readonly cuda: boolean;
  /** c10's CUDA headers compile: GPU memory can be told. */
  readonly cudaHeaders: boolean;
  /** Collectives of tensors on the host. */
  readonly gloo: boolean;
  /** Collectives between GPUs; without it their tensors travel through the host. */
  readonly nccl: boolean;
  /** What this build goes without and how to get it, a sentence each. */
  readonly missing: readonly string[];
  readonly cxx11Abi: 0 | 1;
  readonly cxxStandard: 'c++17' | 'c++20';
}

const debian = {
  include: '/usr/include',
  lib: `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
};

/** Where Debian's libtorch is, with headers or without. */
export const debianLibraries = debian.lib;

/**
 * The PyTorch that `TORCH_DIR` names (the `torch` folder of a wheel or NGC image, or an unpacked libtorch), else
 * Debian's libtorch-dev. Throws FAILED_PRECONDITION saying what to install.
 */
export function findLibtorch(torchDir: string | undefined = process.env['TORCH_DIR']): Libtorch {
  if (torchDir) return describe(join(torchDir, 'include'), join(torchDir, 'lib'), torchDir);
  if (existsSync(join(debian.lib, 'libtorch_cpu.so')) && existsSync(join(debian.include, 'ATen/ATen.h'))) {
    return describe(debian.include, debian.lib);
  }
  throw failedPrecondition(
    'libtorch is not installed: run `apt-get install libtorch-dev`, or set TORCH_DIR to the torch folder of a PyTorch 2 wheel',
  );
}

function describe(include: string, libDir: string, torchDir?: string): Libtorch {
  const header = ['torch/headeronly/version.h', 'torch/csrc/api/include/torch/version.h']
    .map((name) => join(include, name))
    .find((path) => existsSync(path) && /TORCH_VERSION_MAJOR \d/.test(readFileSync(path, 'utf8')));
  if (header === undefined || !existsSync(join(libDir, 'libtorch_cpu.so'))) {
    throw failedPrecondition(
      `TORCH_DIR must be a PyTorch folder with include/ and lib/libtorch_cpu.so, got ${torchDir ?? include}`,
    );
  }
  const version = readVersion(readFileSync(header, 'utf8'));
  const cuda = existsSync(join(libDir, 'libtorch_cuda.so'));
  const headers = cuda && torchDir ? findCudaHeaders(realpathSync(torchDir)) : undefined;
  const c10d = join(include, 'torch/csrc/distributed/c10d');
  const gloo = ['TCPStore.hpp', 'ProcessGroupGloo.hpp'].every((name) => existsSync(join(c10d, name)));
  const nccl = gloo && headers?.nccl === true && existsSync(join(c10d, 'ProcessGroupNCCL.hpp'));
  return {
    version,
    includeDirs: [
      realpathSync(include),
      join(realpathSync(include), 'torch/csrc/api/include'),
      ...(headers?.includeDirs ?? []),
    ],
    libDir: realpathSync(libDir),
    libraries: ['-ltorch', '-ltorch_cpu', '-lc10', ...(cuda ? ['-ltorch_cuda', '-lc10_cuda'] : [])],
    cuda,
    cudaHeaders: headers?.runtime === true,
    gloo,
    nccl,
    missing: [
      ...(gloo
        ? []
        : ['no collectives: this libtorch comes without c10d (a wheel of PyTorch 2 for Linux has it)']),
      ...(headers && headers.missing.length > 0
        ? [
            `no ${headers.runtime ? 'NCCL' : 'NCCL and no GPU memory figures'}: CUDA headers not found: ${headers.missing.join(', ')}`,
          ]
        : []),
    ],
    cxx11Abi: readAbi(torchDir, version),
    cxxStandard: version.startsWith('1.') ? 'c++17' : 'c++20',
  };
}

function readVersion(header: string): string {
  return ['MAJOR', 'MINOR', 'PATCH']
    .map((part) => new RegExp(`TORCH_VERSION_${part} (\\d+)`).exec(header)?.[1] ?? '0')
    .join('.');
}

// Wheels up to 2.6 use the old std::string; each install records it for CMake.
function readAbi(torchDir: string | undefined, version: string): 0 | 1 {
  if (torchDir === undefined) return 1;
  const config = join(torchDir, 'share/cmake/Torch/TorchConfig.cmake');
  const found = existsSync(config)
    ? /GLIBCXX_USE_CXX11_ABI=([01])/.exec(readFileSync(config, 'utf8'))?.[1]
    : undefined;
  if (found !== undefined) return found === '0' ? 0 : 1;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 7) ? 1 : 0;
}
