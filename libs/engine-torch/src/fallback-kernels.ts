import * as tf from '@tensorflow/tfjs-core';
import type { TorchBackend } from './torch-backend.ts';

/**
 * tfjs kernels that have no native form here and run on tfjs's cpu backend, their tensors copied there and back. None is
 * used by the detector, its losses or optimisers. Why each is here:
 * strings and ragged tensors live in JavaScript; FFT needs complex tensors; the rest are rare image or set operations.
 */
export const fallbackKernelNames = [
  'ComplexAbs',
  'CropAndResize',
  'Dilation2D',
  'Dilation2DBackpropFilter',
  'Dilation2DBackpropInput',
  'FFT',
  'FlipLeftRight',
  'IFFT',
  'RaggedGather',
  'RaggedRange',
  'RaggedTensorToTensor',
  'RotateWithOffset',
  'SparseFillEmptyRows',
  'SparseReshape',
  'SparseSegmentMean',
  'SparseSegmentSum',
  'SparseToDense',
  'StaticRegexReplace',
  'StringNGrams',
  'StringSplit',
  'StringToHashBucketFast',
  'Transform',
  'Unique',
] as const;

export interface FallbackCount {
  readonly kernel: string;
  readonly count: number;
}

/** Counts the calls of each fallback kernel, and tells of the first by name. */
export class Fallbacks {
  readonly #counts = new Map<string, number>();
  readonly #onFirst: (kernel: string) => void;

  constructor(onFirst: (kernel: string) => void) {
    this.#onFirst = onFirst;
  }

  count(kernel: string): void {
    const before = this.#counts.get(kernel) ?? 0;
    this.#counts.set(kernel, before + 1);
    if (before === 0) this.#onFirst(kernel);
  }

  list(): FallbackCount[] {
    return [...this.#counts].map(([kernel, count]) => ({ kernel, count }));
  }
}

interface CpuBackend extends tf.KernelBackend {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: tf.BackendValues): tf.TensorInfo;
  disposeIntermediateTensorInfo(info: tf.TensorInfo): void;
}

/** The kernel as tfjs's cpu backend has it, on copies. Undefined where the cpu backend has none. */
export function cpuKernel(
  torch: TorchBackend,
  name: string,
  fallbacks: Fallbacks,
): tf.KernelFunc | undefined {
  const kernel = tf.getKernel(name, 'cpu');
  if (!kernel) return undefined;
  return ({ inputs, attrs }) => {
    fallbacks.count(name);
    const cpu = tf.findBackend('cpu') as CpuBackend;
    const copies: tf.TensorInfo[] = [];
    const toCpu = (info: tf.TensorInfo): tf.TensorInfo => {
      const copy = copyTo(cpu, torch, info);
      copies.push(copy);
      // Some of its kernels take the rank for granted.
      return Object.assign(copy, { rank: copy.shape.length });
    };
    try {
      const result = kernel.kernelFunc({
        inputs: mapInputs(inputs, toCpu),
        attrs: attrs ?? {},
        backend: cpu,
      });
      const results = Array.isArray(result) ? result : [result];
      const back = results.map((info) => copyBack(torch, cpu, info));
      for (const info of results) cpu.disposeData(info.dataId);
      return Array.isArray(result) ? back : back[0]!;
    } finally {
      for (const info of copies) cpu.disposeData(info.dataId);
    }
  };
}

function mapInputs(inputs: object, map: (info: tf.TensorInfo) => tf.TensorInfo): tf.NamedTensorInfoMap {
  const mapValue = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(mapValue);
    return value === null || value === undefined ? value : map(value as tf.TensorInfo);
  };
  if (Array.isArray(inputs)) return mapValue(inputs) as tf.NamedTensorInfoMap;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, mapValue(value)]),
  ) as tf.NamedTensorInfoMap;
}

function copyTo(cpu: CpuBackend, torch: TorchBackend, info: tf.TensorInfo): tf.TensorInfo {
  if (info.dtype !== 'complex64')
    return cpu.makeTensorInfo(info.shape, info.dtype, torch.readSync(info.dataId));
  const { real, imag } = torch.data(info.dataId).complex!;
  const parts = {
    real: cpu.makeTensorInfo(info.shape, 'float32', torch.readSync(real.dataId)),
    imag: cpu.makeTensorInfo(info.shape, 'float32', torch.readSync(imag.dataId)),
  };
  const copy = tf
    .getKernel('Complex', 'cpu')
    .kernelFunc({ inputs: parts, attrs: {}, backend: cpu }) as tf.TensorInfo;
  cpu.disposeIntermediateTensorInfo(parts.real);
  cpu.disposeIntermediateTensorInfo(parts.imag);
  return copy;
}

function copyBack(torch: TorchBackend, cpu: CpuBackend, info: tf.TensorInfo): tf.TensorInfo {
  const values = cpu.readSync(info.dataId);
  if (info.dtype !== 'complex64') return torch.makeTensorInfo(info.shape, info.dtype, values);
  const { real, imag } = tf.backend_util.splitRealAndImagArrays(values as Float32Array);
  return torch.makeComplex(
    torch.makeTensorInfo(info.shape, 'float32', real),
    torch.makeTensorInfo(info.shape, 'float32', imag),
  );
}
