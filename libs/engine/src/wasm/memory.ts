import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/**
 * The wasm memory as 32-bit words, for kernels that only move elements: the package's own take 15 to 30 ns an element
 * (Reverse, StridedSlice, GatherV2), a copy of whole runs 0.3. Ask again after every allocation, which may move it.
 */
export function memoryWords(): Int32Array {
  return new Int32Array(memoryBuffer());
}

/** The same memory as numbers. */
export function memoryFloats(): Float32Array {
  return new Float32Array(memoryBuffer());
}

function memoryBuffer(): ArrayBufferLike {
  return (backend().wasm as unknown as { readonly HEAPU8: Uint8Array }).HEAPU8.buffer;
}

/** Where a tensor begins in `memoryWords` and `memoryFloats`. */
export function wordOffset(tensor: tf.TensorInfo): number {
  return backend().getMemoryOffset(tensor.dataId) / 4;
}

/** A tensor whose elements are still to be written. */
export function allocate<T extends tf.Tensor>(shape: readonly number[], dtype: tf.DataType = 'float32'): T {
  const info = backend().makeOutput([...shape], dtype);
  return tf.engine().makeTensorFromTensorInfo(info) as T;
}

/** Below this many words the call of `copyWithin` costs more than a loop (measured). */
const shortRun = 16;

/** Copies `length` words. */
export function copyRun(words: Int32Array, from: number, to: number, length: number): void {
  if (length >= shortRun) {
    words.copyWithin(to, from, from + length);
  } else {
    for (let index = 0; index < length; index++) words[to + index] = words[from + index]!;
  }
}

function backend(): BackendWasm {
  return tf.backend() as BackendWasm;
}
