import type { LazyTensor } from '@cassl/checkpoints';

/** [n], or a scalar. */
export function int64Constant(values: readonly number[] | number): LazyTensor {
  const list = typeof values === 'number' ? [values] : values;
  return {
    dtype: 'I64',
    shape: typeof values === 'number' ? [] : [list.length],
    origin: bytesOf(BigInt64Array.from(list, BigInt)),
  };
}

/** [n] or `shape`, or a scalar. */
export function float32Constant(values: readonly number[] | number, shape?: readonly number[]): LazyTensor {
  const list = typeof values === 'number' ? [values] : values;
  return {
    dtype: 'F32',
    shape: shape ?? (typeof values === 'number' ? [] : [list.length]),
    origin: bytesOf(Float32Array.from(list)),
  };
}

function bytesOf(array: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer);
}
