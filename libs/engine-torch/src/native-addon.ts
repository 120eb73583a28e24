import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { errorMessage, failedPrecondition } from '@cassl/errors';
import { addonPath } from './addon-path.ts';
import { findLibtorch } from './find-libtorch.ts';
import { findPrebuilt } from './find-prebuilt.ts';

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
  readonly cpuBytesPeak: number;
  readonly cpuBytesKept: number;
  readonly cpuBytesLimit: number;
  /** GPU memory of tensors on the current device, now and at most so far; 0 on the CPU or without CUDA's headers. */
  readonly deviceBytes: number;
  readonly deviceBytesPeak: number;
}

/** What native/addon.cc exports. Every function throws an Error whose `code` is a gRPC status name. */
export interface NativeAddon {
  readonly version: string;
  readonly arguments: Float64Array;
  readonly results: Float64Array;
  readonly operations: Readonly<Record<string, NativeOperation>>;
  upload(data: ArrayBufferView, dtype: number, shape: readonly number[]): number;
  download(handle: number, into: ArrayBufferView): void;
  /** The values of this moment; on a GPU a pool thread waits for them. */
  downloadAsync(handle: number, into: ArrayBufferView): Promise<void>;
  release(handle: number): void;
  /** These three: native/detection-functions.h; `detectionFunctions` calls them. */
  placeImages(pictures: readonly Uint8Array[], settings: Float64Array): number;
  selectDetections(classes: Float32Array, boxes: Float32Array, settings: Float64Array): Float64Array;
  pasteMasks(
    maps: number,
    settings: Float64Array,
    rowStarts: Int32Array,
    rowWeights: Float32Array,
    columnStarts: Int32Array,
    columnWeights: Float32Array,
  ): Uint32Array;
  /** 'cpu' or 'cuda:N'. */
  deviceOf(handle: number): string;
  /** Where tensors are made from now on. */
  setDevice(device: string): void;
  /** CPU threads of this JavaScript thread, at most four for each processor (64 on a small machine). */
  setThreads(threads: number): void;
  setAutocast(enabled: 0 | 1): void;
  setTf32(allowed: 0 | 1): void;
  setConvolutionSearch(enabled: 0 | 1): void;
  /** While 1, an operation that makes the host wait for a GPU throws instead. Needs a build with CUDA's headers. */
  forbidWaiting(forbidden: 0 | 1): void;
  /** Host memory that tensors may take; default 95 % of the machine's or the control group's. */
  setMemoryLimit(bytes: number): void;
  synchronize(): void;
  status(): NativeStatus;
  /** Gives kept blocks back to the system, and a GPU's to its driver. */
  trim(): void;
}

let loaded: NativeAddon | undefined;

/**
 * Loads the addon that `build.ts` made for the libtorch found (or the file that `CASSL_TORCH_ADDON` names), else a prebuilt one.
 * Throws FAILED_PRECONDITION where libtorch, the build or the right ABI is missing, saying what to do.
 */
export function loadTorchAddon(): NativeAddon {
  loaded ??= openAddon(resolve(process.env['CASSL_TORCH_ADDON'] ?? findAddon()));
  return loaded;
}

/** Where the addon is, or would be after a build; what was compiled here counts before a prebuilt one. */
export function findAddon(): string {
  const { path: prebuilt } = findPrebuilt();
  try {
    const built = addonPath(findLibtorch());
    return existsSync(built) ? built : (prebuilt ?? built);
  } catch (error) {
    // The libraries without the headers are enough for an addon that is compiled already.
    if (prebuilt !== undefined) return prebuilt;
    throw error;
  }
}

/** Loads one file. Throws FAILED_PRECONDITION saying how to build it. */
export function openAddon(path: string): NativeAddon {
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
