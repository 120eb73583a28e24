import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { CasslError, errorMessage, failedPrecondition, type ErrorCode } from '@cassl/errors';
import { addonPath } from './addon-path.ts';
import { findLibtorch } from './find-libtorch.ts';

/** Reads `argumentCount` numbers of `arguments`, computes, writes `results`. */
export type NativeOperation = (argumentCount: number) => void;

export interface NativeStatus {
  readonly threads: number;
  readonly cudaDevices: number;
  /** Live tensors of this JavaScript thread. */
  readonly tensors: number;
  /** Host memory of all tensors, and of freed blocks kept for reuse. */
  readonly cpuBytes: number;
  /** The most that tensors held at once. */
  readonly cpuBytesMost: number;
  readonly cpuBytesKept: number;
  readonly cpuBytesLimit: number;
}

/** What native/addon.cc exports. Every function throws an Error whose `code` is a gRPC status name. */
export interface NativeAddon {
  readonly version: string;
  readonly arguments: Float64Array;
  readonly results: Float64Array;
  readonly operations: Readonly<Record<string, NativeOperation>>;
  upload(data: ArrayBufferView, dtype: number, shape: readonly number[]): number;
  download(handle: number, into: ArrayBufferView): void;
  downloadAsync(handle: number, into: ArrayBufferView): Promise<void>;
  release(handle: number): void;
  setDevice(device: string): void;
  setThreads(threads: number): void;
  setAutocast(enabled: 0 | 1): void;
  setTf32(allowed: 0 | 1): void;
  /** Host memory that tensors may take; default 95 % of the machine's or the control group's. */
  setMemoryLimit(bytes: number): void;
  synchronize(): void;
  status(): NativeStatus;
  /** Gives kept blocks back to the system. */
  trim(): void;
}

let loaded: NativeAddon | undefined;

/**
 * Loads the addon that `build.ts` made for the libtorch found (or the file that `CASSL_TORCH_ADDON` names).
 * Throws FAILED_PRECONDITION where libtorch, the build or the right ABI is missing, saying what to do.
 */
export function loadTorchAddon(): NativeAddon {
  loaded ??= open(resolve(process.env['CASSL_TORCH_ADDON'] ?? addonPath(findLibtorch())));
  return loaded;
}

function open(path: string): NativeAddon {
  if (!existsSync(path)) {
    throw failedPrecondition(
      `the native engine is not built: run \`make setup\` or \`node libs/engine-torch/src/build.ts\` (looked for ${path})`,
    );
  }
  // Spinning threads cost 5 to 8 times the work where another process has one of the cores. Read when libgomp loads.
  process.env['OMP_WAIT_POLICY'] ??= 'passive';
  try {
    return createRequire(import.meta.url)(path) as NativeAddon;
  } catch (error) {
    throw failedPrecondition(
      `the native engine does not load: ${errorMessage(error)}. Build it again with \`node libs/engine-torch/src/build.ts\``,
      { cause: error },
    );
  }
}

/** The native error as the domain's: out of memory is RESOURCE_EXHAUSTED with `details.requestedBytes`. */
export function fromNativeError(error: unknown, where: string): CasslError {
  if (error instanceof CasslError) return error;
  const code = ((error as { code?: string }).code ?? 'INTERNAL') as ErrorCode;
  const message = errorMessage(error).split('\nException raised from')[0]!.trim();
  const requestedBytes = code === 'RESOURCE_EXHAUSTED' ? requestedSize(message) : undefined;
  return new CasslError(code, `${where}: ${message}`, {
    cause: error,
    ...(requestedBytes === undefined ? {} : { details: { requestedBytes } }),
  });
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

// "requested 123 bytes" (CPU), "Tried to allocate 2.00 GiB" (CUDA).
function requestedSize(message: string): number | undefined {
  const found = /(?:requested|allocate) ([\d.]+) (Ki|Mi|Gi|Ti|)(?:B|bytes)/.exec(message);
  return found ? Math.round(Number(found[1]) * unitBytes[found[2]!]!) : undefined;
}
