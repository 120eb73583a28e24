import { isCount, isCounts } from './counts.ts';
import { NUMPY_GLOBALS } from './numpy-array.ts';
import type { Constructor } from './pickle-reader.ts';
import { pthError } from './refusal.ts';
import { SETTINGS_GLOBALS } from './settings-globals.ts';
import { dtypeOfStorage, isStorageType } from './storage-types.ts';
import { isStorageReference, TensorReference } from './tensor-reference.ts';
import type { Dtype } from '../dtype.ts';

/** `torch.FloatStorage` and its like: only a name for a dtype. */
export interface StorageType {
  readonly dtype: Dtype;
}

const GLOBALS: Readonly<Record<string, Constructor>> = {
  'collections.OrderedDict': { name: 'OrderedDict', call: () => new Map() },
  'torch._utils._rebuild_tensor_v2': { name: '_rebuild_tensor_v2', call: rebuildTensor },
  'torch._utils._rebuild_parameter': { name: '_rebuild_parameter', call: ([tensor]) => tensor },
  ...NUMPY_GLOBALS,
  ...SETTINGS_GLOBALS,
};

/**
 * The whole list of what a checkpoint may name: dicts, tensors and their storages, numpy arrays as data, and settings that
 * trainers save beside them.
 * @throws INVALID_ARGUMENT for anything else: reading it would mean running it
 */
export function resolveGlobal(module: string, name: string): unknown {
  if (module === 'torch' && isStorageType(name)) return { dtype: dtypeOfStorage(name) } satisfies StorageType;
  const path = `${module}.${name}`;
  if (Object.hasOwn(GLOBALS, path)) return GLOBALS[path];
  throw pthError(
    `it needs ${path} and not only tensors, and no code of a checkpoint is ever run; ` +
      'save the state dict alone (torch.save(model.state_dict(), …)), or as safetensors',
  );
}

/** `(storage, offset, size, stride, requires_grad, backward_hooks)` */
function rebuildTensor([storage, offset, size, stride]: readonly unknown[]): TensorReference {
  if (!isStorageReference(storage) || !isCount(offset) || !isCounts(size) || !isCounts(stride)) {
    throw pthError('a tensor in it has no storage, offset, size or stride');
  }
  if (size.length !== stride.length)
    throw pthError(`a tensor in it has ${size.length} sizes and ${stride.length} strides`);
  return new TensorReference(storage, offset, size, stride);
}
