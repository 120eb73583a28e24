import { byteLength, elementCount, type HostTensor, type StateDict } from './host-tensor.ts';
import type { Dtype } from './dtype.ts';
import type { SafetensorsHeader } from './safetensors/header.ts';

/** A stretch of a stored file: bytes [start, end). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A tensor that is known before its bytes are, so that a whole file can be laid out without reading any. */
export interface LazyTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The bytes themselves, or where they are in the stored file. */
  readonly origin: Uint8Array | ByteRange;
  /** Makes the tensor's bytes of the whole origin's; absent where they are the same. */
  readonly change?: (bytes: Uint8Array) => Uint8Array;
}

export type LazyState = Map<string, LazyTensor>;

/** The tensors of a stored safetensors file. */
export function lazyTensorsOf(header: SafetensorsHeader): LazyState {
  return new Map(
    [...header.tensors].map(([name, { dtype, shape, start, end }]) => [
      name,
      { dtype, shape, origin: { start, end } },
    ]),
  );
}

/** Tensors that are in memory already; nothing is copied. */
export function lazyState(state: StateDict): LazyState {
  return new Map([...state].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, origin: data }]));
}

/** The way back: tensors whose origins are all in memory. */
export function hostState(state: LazyState): StateDict {
  return new Map([...state].map(([name, tensor]) => [name, hostTensor(tensor)]));
}

function hostTensor({ dtype, shape, origin, change }: LazyTensor): HostTensor {
  if (!(origin instanceof Uint8Array)) throw new TypeError('this tensor is in a file, not in memory');
  return { dtype, shape, data: change === undefined ? origin : change(origin) };
}

export function lazyBytes({ dtype, shape }: Pick<LazyTensor, 'dtype' | 'shape'>): number {
  return byteLength(dtype, shape);
}

/** The tensor after `change`, which is computed when the bytes are there: at once where they are. */
export function changed(
  tensor: LazyTensor,
  change: (tensor: HostTensor) => HostTensor,
  as: { readonly dtype: Dtype; readonly shape: readonly number[] },
): LazyTensor {
  const { dtype, shape, origin, change: before } = tensor;
  const apply = (bytes: Uint8Array): Uint8Array =>
    change({ dtype, shape, data: before === undefined ? bytes : before(bytes) }).data;
  return origin instanceof Uint8Array ? { ...as, origin: apply(origin) } : { ...as, origin, change: apply };
}

/** Part `index` of `of` equal parts along the first axis: a stretch of the same bytes. */
export function partOf(tensor: LazyTensor, index: number, of: number): LazyTensor {
  const { dtype, shape, origin, change } = tensor;
  const rows = shape[0]! / of;
  const partShape = [rows, ...shape.slice(1)];
  const size = byteLength(dtype, [rows * elementCount(shape.slice(1))]);
  const slice = (bytes: Uint8Array): Uint8Array => bytes.subarray(index * size, (index + 1) * size);
  if (origin instanceof Uint8Array) return { dtype, shape: partShape, origin: slice(origin) };
  if (change !== undefined)
    return { dtype, shape: partShape, origin, change: (bytes) => slice(change(bytes)) };
  const start = origin.start + index * size;
  return { dtype, shape: partShape, origin: { start, end: start + size } };
}
