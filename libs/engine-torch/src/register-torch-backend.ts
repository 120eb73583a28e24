import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { availableParallelism } from 'node:os';
import { failedPrecondition } from '@cassl/errors';
import { Fallbacks, cpuKernel, fallbackKernelNames, type FallbackCount } from './fallback-kernels.ts';
import { allKernels } from './kernels/all-kernels.ts';
import type { Kernel } from './kernels/kernel-table.ts';
import { detectionFunctions, type DetectionFunctions } from './detection-functions.ts';
import { loadTorchAddon, type NativeAddon, type NativeStatus } from './native-addon.ts';
import { fromNativeError } from './native-error.ts';
import { NoNativeForm } from './no-native-form.ts';
import { TorchBackend } from './torch-backend.ts';

export interface TorchBackendOptions {
  /** 'cpu', 'cuda' or 'cuda:N'. Default: `CASSL_DEVICE`, or the first GPU that libtorch sees, or 'cpu'. */
  readonly device?: string | undefined;
  /** CPU threads. Default: `OMP_NUM_THREADS`, or what the process may use. */
  readonly threads?: number | undefined;
  /** Told the first time that a kernel falls back to tfjs's cpu backend. Default: one line on stderr. */
  readonly onFallback?: ((kernel: string) => void) | undefined;
}

export interface TorchBackendFacts {
  /** libtorch's version. */
  readonly version: string;
  /** Where new tensors go: 'cpu' or 'cuda:N'. */
  readonly device: string;
  readonly threads: number;
  readonly cudaDevices: number;
  /** Kernels that ran on tfjs's cpu backend so far. */
  readonly fallbacks: () => FallbackCount[];
  /** Mixed precision: convolutions, products and attention in bfloat16. Returns what was set before. */
  readonly setAutocast: (mode: AutocastMode) => AutocastMode;
  /**
   * Makes new tensors on 'cpu', 'cuda' or 'cuda:N' from here on; those that exist stay, and an operation runs where its
   * operands are. Returns the device before. Throws INVALID_ARGUMENT for a device that is not there.
   */
  readonly setDevice: (device: string) => string;
  /** A copy on the device named. Operands of one operation on two devices are INVALID_ARGUMENT. */
  readonly copyTo: <T extends tf.Tensor>(tensor: T, device: string) => T;
  readonly deviceOf: (tensor: tf.Tensor) => string;
  /** Lets an Ampere or newer GPU round float32 products to TF32. Default: false; no effect on a CPU. */
  readonly setTf32: (allowed: boolean) => void;
  /** Has cuDNN time its algorithms at every new shape of a convolution and keep the fastest. Default: false. */
  readonly setConvolutionSearch: (enabled: boolean) => void;
  /** Bytes that tensors hold on the host and the current GPU, and freed host blocks kept for reuse. */
  readonly memory: () => Pick<NativeStatus, 'cpuBytes' | 'cpuBytesKept' | 'deviceBytes' | 'deviceBytesPeak'>;
  /** Waits for everything queued on the current device. */
  readonly synchronize: () => void;
  readonly detection: DetectionFunctions;
}

export type AutocastMode = 'fp32' | 'bf16';

let registered: TorchBackendFacts | undefined;

/**
 * Loads the addon and registers the backend 'torch' with tfjs. Again: returns what is registered, after a change to the
 * device if one is named. Does not make it tfjs's current backend. Throws FAILED_PRECONDITION where the addon is missing, or where `CASSL_REQUIRE_GPU=1` and
 * there is no GPU; INVALID_ARGUMENT for a device that is not there.
 */
export function registerTorchBackend(options: TorchBackendOptions = {}): TorchBackendFacts {
  if (registered) {
    if (options.device !== undefined) registered.setDevice(options.device);
    return registered;
  }
  const addon = loadTorchAddon();
  const device = chooseDevice(addon, options.device ?? process.env['CASSL_DEVICE']);
  const threads = options.threads ?? (Number(process.env['OMP_NUM_THREADS']) || availableParallelism());
  try {
    addon.setDevice(device);
    addon.setThreads(threads);
    // PyTorch lets convolutions round to TF32 unasked.
    addon.setTf32(0);
  } catch (error) {
    throw fromNativeError(error, 'registerTorchBackend');
  }
  const backend = new TorchBackend(addon);
  const fallbacks = new Fallbacks(options.onFallback ?? warnOnStderr);
  tf.registerBackend('torch', () => backend, 10);
  registerKernels(backend, fallbacks);
  registered = facts(backend, device, fallbacks);
  return registered;
}

function nativeKernel(
  backend: TorchBackend,
  kernelName: string,
  kernel: Kernel,
  fallbacks: Fallbacks,
): tf.KernelFunc {
  return ({ inputs, attrs }) => {
    try {
      return kernel(inputs, attrs ?? {});
    } catch (error) {
      const fallback = error instanceof NoNativeForm && cpuKernel(backend, kernelName, fallbacks);
      if (!fallback) throw error;
      return fallback({ inputs, attrs: attrs ?? {}, backend });
    }
  };
}

function registerKernels(backend: TorchBackend, fallbacks: Fallbacks): void {
  const kernels = allKernels(backend);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    tf.registerKernel({
      kernelName,
      backendName: 'torch',
      kernelFunc: nativeKernel(backend, kernelName, kernel, fallbacks),
    });
  }
  for (const kernelName of fallbackKernelNames) {
    const kernelFunc = cpuKernel(backend, kernelName, fallbacks);
    if (kernelFunc) tf.registerKernel({ kernelName, backendName: 'torch', kernelFunc });
  }
}

function facts(backend: TorchBackend, firstDevice: string, fallbacks: Fallbacks): TorchBackendFacts {
  const { addon } = backend;
  const { threads, cudaDevices } = addon.status();
  let autocast: AutocastMode = 'fp32';
  let device = firstDevice;
  return {
    version: addon.version,
    get device() {
      return device;
    },
    threads,
    cudaDevices,
    fallbacks: () => fallbacks.list(),
    setAutocast: (mode) => {
      const before = autocast;
      addon.setAutocast(mode === 'bf16' ? 1 : 0);
      autocast = mode;
      return before;
    },
    setDevice: (wanted) => {
      const before = device;
      try {
        addon.setDevice(wanted);
      } catch (error) {
        throw fromNativeError(error, 'setDevice');
      }
      device = withIndex(wanted);
      return before;
    },
    copyTo: <T extends tf.Tensor>(tensor: T, wanted: string) => {
      const call = backend.call().tensor(tensor).text(wanted).run(backend.operation('toDevice'));
      return tf.engine().makeTensorFromTensorInfo(call.output()) as T;
    },
    deviceOf: (tensor) => {
      const { handle } = backend.data(tensor.dataId);
      return handle === 0 ? 'cpu' : addon.deviceOf(handle);
    },
    setTf32: (allowed) => addon.setTf32(allowed ? 1 : 0),
    setConvolutionSearch: (enabled) => addon.setConvolutionSearch(enabled ? 1 : 0),
    memory: () => addon.status(),
    detection: detectionFunctions(backend),
    synchronize: () => {
      try {
        addon.synchronize();
      } catch (error) {
        throw fromNativeError(error, 'synchronize');
      }
    },
  };
}

function chooseDevice(addon: NativeAddon, wanted: string | undefined): string {
  const { cudaDevices } = addon.status();
  const device = wanted ?? (cudaDevices > 0 ? 'cuda:0' : 'cpu');
  if (process.env['CASSL_REQUIRE_GPU'] === '1' && (cudaDevices === 0 || device === 'cpu')) {
    throw failedPrecondition(
      `CASSL_REQUIRE_GPU=1 but libtorch ${addon.version} sees ${cudaDevices} GPUs and the device is ${device}`,
    );
  }
  return withIndex(device);
}

function withIndex(device: string): string {
  return device === 'cuda' ? 'cuda:0' : device;
}

function warnOnStderr(kernel: string): void {
  process.stderr.write(
    `engine-torch: ${kernel} has no native kernel and runs on tfjs's cpu backend by copying\n`,
  );
}
