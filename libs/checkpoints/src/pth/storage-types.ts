import { invalidArgument, unimplemented } from '@cassl/errors';
import type { Dtype } from '../dtype.ts';

/** PyTorch's typed storages (torch/storage.py), the only ones a `.pth` names. */
const DTYPE_OF_STORAGE: Readonly<Record<string, Dtype>> = {
  FloatStorage: 'F32',
  DoubleStorage: 'F64',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64',
};

const STORAGE_OF_DTYPE = new Map(
  Object.entries(DTYPE_OF_STORAGE).map(([storage, dtype]) => [dtype, storage]),
);

export function isStorageType(name: string): boolean {
  return Object.hasOwn(DTYPE_OF_STORAGE, name);
}

export function dtypeOfStorage(name: string): Dtype {
  const dtype = DTYPE_OF_STORAGE[name];
  if (dtype === undefined) throw invalidArgument(`torch.${name} is not a storage type that is read`);
  return dtype;
}

/** @throws UNIMPLEMENTED for types that PyTorch's pickles have no storage for */
export function storageOfDtype(dtype: Dtype, tensor: string): string {
  const storage = STORAGE_OF_DTYPE.get(dtype);
  if (storage === undefined) throw unimplemented(`tensor ${tensor} is ${dtype}, which a .pth cannot hold`);
  return storage;
}
