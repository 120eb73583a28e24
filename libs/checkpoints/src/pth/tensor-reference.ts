import { DTYPE_BITS, type Dtype } from '../dtype.ts';
import { elementCount, type HostTensor } from '../host-tensor.ts';
import { isCount } from './counts.ts';
import { contiguousStrides } from './pickle-writer.ts';
import { pthError } from './refusal.ts';

/** A storage that a pickle mentions; its bytes lie elsewhere in the file. */
export interface StorageReference {
  readonly storageKey: string;
  readonly dtype: Dtype;
  /** Elements. */
  readonly count: number;
}

export function isStorageReference(value: unknown): value is StorageReference {
  return typeof value === 'object' && value !== null && 'storageKey' in value;
}

/** `('storage', type, key, location, count, …)`, as torch's pickler identifies one. */
export function storageReference(id: readonly unknown[]): StorageReference {
  const [tag, type, key, , count] = id;
  const hasType = typeof type === 'object' && type !== null && 'dtype' in type;
  if (tag !== 'storage' || !hasType || typeof key !== 'string' || !isCount(count)) {
    throw pthError('a storage in it is not one of the types that PyTorch writes');
  }
  return { storageKey: key, dtype: type.dtype as Dtype, count };
}

/** A view of a storage: offset, sizes and strides count elements. */
export class TensorReference {
  readonly storage: StorageReference;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(
    storage: StorageReference,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /** The tensor's own bytes, row-major. @throws INVALID_ARGUMENT when it reaches beyond its storage */
  materialise(storage: Uint8Array, name: string): HostTensor {
    const { dtype } = this.storage;
    const itemBytes = DTYPE_BITS[dtype] / 8;
    const count = elementCount(this.shape);
    const last = this.shape.reduce((sum, size, axis) => sum + (size - 1) * this.strides[axis]!, this.offset);
    if (count > 0 && (last + 1) * itemBytes > storage.byteLength) {
      throw pthError(
        `tensor ${name} [${this.shape.join(', ')}] reaches element ${last} of a storage of ${storage.byteLength / itemBytes}`,
      );
    }
    // An expanded tensor (stride 0) could claim any size; state dicts have none.
    if (count * itemBytes > storage.byteLength) {
      throw pthError(`tensor ${name} [${this.shape.join(', ')}] has more elements than its storage`);
    }
    const start = this.offset * itemBytes;
    const isContiguous =
      count === 0 ||
      contiguousStrides(this.shape).every((s, axis) => s === this.strides[axis] || this.shape[axis] === 1);
    const data = isContiguous
      ? storage.subarray(start, start + count * itemBytes)
      : gather(storage, this, itemBytes, count);
    return { dtype, shape: this.shape, data };
  }
}

function gather(
  storage: Uint8Array,
  { offset, shape, strides }: TensorReference,
  itemBytes: number,
  count: number,
): Uint8Array {
  const data = new Uint8Array(count * itemBytes);
  const index = new Array<number>(shape.length).fill(0);
  for (let element = 0; element < count; element++) {
    const from = index.reduce((sum, i, axis) => sum + i * strides[axis]!, offset) * itemBytes;
    data.set(storage.subarray(from, from + itemBytes), element * itemBytes);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return data;
}
