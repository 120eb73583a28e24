import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import type { NativeAddon, NativeOperation } from './native-addon.ts';
import { fromNativeError } from './native-error.ts';
import { NativeCall } from './native-call.ts';
import { TorchData, dtypeCodes } from './torch-data.ts';

interface DataMover {
  moveData(backend: tf.KernelBackend, dataId: object): void;
}

type Bytes = Float32Array | Int32Array | Uint8Array;

/** TensorFlow.js on ATen. Memory is freed when tfjs disposes a tensor, not at garbage collection. */
export class TorchBackend extends tf.KernelBackend {
  readonly addon: NativeAddon;
  readonly #call: NativeCall;
  // Data ids that another backend made and tfjs moved here.
  readonly #adopted = new WeakMap<object, TorchData>();
  #dataIds = 0;

  constructor(addon: NativeAddon) {
    super();
    this.addon = addon;
    this.#call = new NativeCall(
      addon,
      (info) => this.data(info.dataId),
      () => void this.#dataIds++,
    );
  }

  /** The one call under construction. */
  call(): NativeCall {
    return this.#call.begin();
  }

  operation(name: string): NativeOperation {
    const operation = this.addon.operations[name];
    if (operation === undefined) throw invalidArgument(`the torch addon has no operation ${name}`);
    return operation;
  }

  /** The data behind an id; moves it here from the backend that has it. Throws INVALID_ARGUMENT once disposed. */
  data(dataId: object): TorchData {
    const data = this.#find(dataId);
    if (data !== undefined) return data;
    if (!engineKnows(dataId)) throw invalidArgument('tensor is disposed');
    (tf.engine() as unknown as DataMover).moveData(this, dataId);
    return this.#find(dataId)!;
  }

  #find(dataId: object): TorchData | undefined {
    const data = dataId instanceof TorchData ? dataId : this.#adopted.get(dataId);
    return data !== undefined && data.refCount > 0 ? data : undefined;
  }

  override write(values: tf.BackendValues | null, shape: number[], dtype: tf.DataType): object {
    const data = new TorchData(0, shape, dtype);
    this.#fill(data, values);
    this.#dataIds++;
    return data;
  }

  override move(
    dataId: object,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    const data = dataId instanceof TorchData ? dataId : new TorchData(0, shape, dtype);
    data.shape = shape;
    data.dtype = dtype;
    data.refCount = refCount;
    this.#fill(data, values);
    if (data !== dataId) this.#adopted.set(dataId, data);
    this.#dataIds++;
  }

  #fill(data: TorchData, values: tf.BackendValues | null): void {
    const { shape, dtype } = data;
    if (dtype === 'complex64') throw invalidArgument('complex tensors are made from two real ones');
    if (dtype === 'string') {
      data.values = values ?? [];
      return;
    }
    try {
      data.handle = this.addon.upload(
        toBytes(values, tf.util.sizeFromShape(shape as number[]), dtype),
        dtypeCodes[dtype]!,
        shape,
      );
    } catch (error) {
      throw fromNativeError(error, 'write');
    }
  }

  /** A tensor from values on the host, owned by the caller. */
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.BackendValues | string[]): tf.TensorInfo {
    const encoded =
      dtype === 'string' && typeof values[0] === 'string'
        ? (values as string[]).map((value) => tf.util.encodeString(value))
        : (values as tf.BackendValues);
    return { dataId: this.write(encoded, shape, dtype), shape, dtype };
  }

  /** A float32 tensor that native code made, owned by the caller from here on. */
  adopt(handle: number, shape: number[]): tf.TensorInfo {
    this.#dataIds++;
    return { dataId: new TorchData(handle, shape, 'float32'), shape, dtype: 'float32' };
  }

  /** A complex tensor over two real ones, which it owns from here on. */
  makeComplex(real: tf.TensorInfo, imag: tf.TensorInfo): tf.TensorInfo {
    const data = new TorchData(0, real.shape, 'complex64');
    data.complex = { real, imag };
    this.#dataIds++;
    return { dataId: data, shape: real.shape, dtype: 'complex64' };
  }

  override readSync(dataId: object): tf.BackendValues {
    const data = this.data(dataId);
    if (data.complex) return this.#readComplex(data.complex);
    if (data.values) return data.values;
    const host = emptyBytes(data);
    try {
      this.addon.download(data.handle, host);
    } catch (error) {
      throw fromNativeError(error, 'read');
    }
    return host;
  }

  #readComplex({ real, imag }: { real: tf.TensorInfo; imag: tf.TensorInfo }): Float32Array {
    return tf.backend_util.mergeRealAndImagArrays(
      this.readSync(real.dataId) as Float32Array,
      this.readSync(imag.dataId) as Float32Array,
    );
  }

  /** The values that the tensor has now, whatever writes to it while a GPU is waited for. */
  override async read(dataId: object): Promise<tf.BackendValues> {
    const data = this.data(dataId);
    if (data.handle === 0) return this.readSync(dataId);
    const host = emptyBytes(data);
    try {
      await this.addon.downloadAsync(data.handle, host);
    } catch (error) {
      throw fromNativeError(error, 'read');
    }
    return host;
  }

  override disposeData(dataId: object, force = false): boolean {
    const data = this.#find(dataId);
    if (data === undefined) return true;
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    data.refCount = 0;
    this.#dataIds--;
    if (data.handle !== 0) this.addon.release(data.handle);
    if (data.complex) {
      this.disposeData(data.complex.real.dataId);
      this.disposeData(data.complex.imag.dataId);
    }
    data.handle = 0;
    data.values = data.complex = undefined;
    if (data !== dataId) this.#adopted.delete(dataId);
    return true;
  }

  override refCount(dataId: object): number {
    return this.#find(dataId)?.refCount ?? 0;
  }

  override incRef(dataId: object): void {
    this.data(dataId).refCount++;
  }

  override numDataIds(): number {
    return this.#dataIds;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return true;
  }

  override time(run: () => void): Promise<tf.BackendTimingInfo> {
    const start = performance.now();
    run();
    this.addon.synchronize();
    return Promise.resolve({ kernelMs: performance.now() - start });
  }

  override dispose(): void {
    this.addon.trim();
  }
}

function engineKnows(dataId: object): boolean {
  const { state } = tf.engine() as unknown as { state: { tensorInfo: WeakMap<object, unknown> } };
  return state.tensorInfo.has(dataId);
}

function emptyBytes(data: TorchData): Bytes {
  const size = tf.util.sizeFromShape(data.shape as number[]);
  if (data.dtype === 'int32') return new Int32Array(size);
  return data.dtype === 'bool' ? new Uint8Array(size) : new Float32Array(size);
}

function toBytes(values: tf.BackendValues | null, size: number, dtype: tf.DataType): Bytes {
  if (values === null) return tf.util.makeZerosTypedArray(size, dtype as 'float32');
  const numbers = values as unknown as ArrayLike<number>;
  if (dtype === 'float32') return values instanceof Float32Array ? values : Float32Array.from(numbers);
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(numbers);
  return values instanceof Uint8Array ? values : Uint8Array.from(numbers);
}
