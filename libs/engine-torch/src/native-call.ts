import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { resourceExhausted } from '@cassl/errors';
import { NoNativeForm } from './no-native-form.ts';
import type { NativeAddon, NativeOperation } from './native-addon.ts';
import { fromNativeError } from './native-error.ts';
import { TorchData, dtypeCodes, dtypeNames } from './torch-data.ts';

/** Finds the data of a tensor, moving it here first where another backend has it. */
export type DataLookup = (info: TensorInfo) => TorchData;

/**
 * Writes the arguments of one native operation, runs it and reads its results. There is one, reused for every call:
 * the numbers go through arrays shared with C++, several times cheaper than Node-API values.
 */
export class NativeCall {
  readonly #arguments: Float64Array;
  readonly #results: Float64Array;
  readonly #lookup: DataLookup;
  readonly #onOutput: () => void;
  #written = 0;
  #read = 0;

  constructor(addon: NativeAddon, lookup: DataLookup, onOutput: () => void) {
    this.#arguments = addon.arguments;
    this.#results = addon.results;
    this.#lookup = lookup;
    this.#onOutput = onOutput;
  }

  /** Starts a call: what an earlier one left half-written is dropped. */
  begin(): this {
    this.#written = 0;
    return this;
  }

  number(value: number): this {
    if (this.#written >= this.#arguments.length) {
      throw resourceExhausted(`a native call takes at most ${this.#arguments.length} numbers`);
    }
    this.#arguments[this.#written++] = value;
    return this;
  }

  flag(value: boolean): this {
    return this.number(value ? 1 : 0);
  }

  integers(list: readonly number[]): this {
    this.number(list.length);
    for (const value of list) this.number(value);
    return this;
  }

  /** tfjs lets reshaped tensors share data: where the shapes differ the handle goes negative, with the shape behind. */
  tensor(info: TensorInfo): this {
    const data = this.#lookup(info);
    if (data.handle === 0) throw new NoNativeForm(`${data.dtype} tensors`);
    if (data.shape === info.shape || sameShape(data.shape, info.shape)) return this.number(data.handle);
    return this.number(-data.handle).integers(info.shape);
  }

  optionalTensor(info: TensorInfo | null | undefined): this {
    return info ? this.tensor(info) : this.number(0);
  }

  tensors(list: readonly TensorInfo[]): this {
    this.number(list.length);
    for (const info of list) this.tensor(info);
    return this;
  }

  dtype(dtype: DataType): this {
    const code = dtypeCodes[dtype];
    if (code === undefined) throw new NoNativeForm(`dtype ${dtype}`);
    return this.number(code);
  }

  text(value: string): this {
    this.number(value.length);
    for (let i = 0; i < value.length; i++) this.number(value.charCodeAt(i));
    return this;
  }

  run(operation: NativeOperation): this {
    try {
      operation(this.#written);
    } catch (error) {
      throw fromNativeError(error, operation.name);
    }
    this.#read = 0;
    return this;
  }

  /** The next result of the last run. */
  output(): TensorInfo {
    const results = this.#results;
    let at = this.#read;
    const handle = results[at++]!;
    const dtype = dtypeNames[results[at++]!]!;
    const rank = results[at++]!;
    const shape = new Array<number>(rank);
    for (let i = 0; i < rank; i++) shape[i] = results[at++]!;
    this.#read = at;
    this.#onOutput();
    return { dataId: new TorchData(handle, shape, dtype), shape, dtype };
  }
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
