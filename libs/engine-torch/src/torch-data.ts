import type { BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core';

/** What stands behind one tfjs data id; the data id is this object itself, so that finding it costs nothing. */
export class TorchData {
  /** 0 where the values are strings or complex, or once disposed. */
  handle: number;
  shape: readonly number[];
  dtype: DataType;
  refCount = 1;
  /** Strings live in JavaScript. */
  values: BackendValues | undefined;
  /** A complex tensor is two real ones. */
  complex: { readonly real: TensorInfo; readonly imag: TensorInfo } | undefined;

  constructor(handle: number, shape: readonly number[], dtype: DataType) {
    this.handle = handle;
    this.shape = shape;
    this.dtype = dtype;
  }
}

export const dtypeCodes: Readonly<Partial<Record<DataType, number>>> = { float32: 0, int32: 1, bool: 2 };
export const dtypeNames: readonly DataType[] = ['float32', 'int32', 'bool'];
