import { DTYPE_BITS } from '../dtype.ts';
import type { ByteSource } from '../byte-source.ts';
import { resolveGlobal } from './allowed-globals.ts';
import { readPickle } from './pickle-reader.ts';
import type { ReadStorage } from './read-storage.ts';
import { pthError } from './refusal.ts';
import { storageReference, type StorageReference } from './tensor-reference.ts';

/** First value of a file of `torch.save` before 1.6. */
const MAGIC = 0x1950a86a20f9469cfc6cn;

/**
 * Reads what is not an archive: one bare pickle (detectron2's `.pkl`), or PyTorch's format before 1.6, which is five
 * pickles (magic, version, machine, the object, the storages' keys) followed by each storage as count and bytes.
 */
export async function readLegacy(source: ByteSource): Promise<{ root: unknown; readStorage: ReadStorage }> {
  const bytes = await source.read(0, source.sizeBytes);
  if (bytes[0] !== 0x80) throw pthError('it is neither an archive nor a pickle');
  const references = new Map<string, StorageReference>();
  const hooks = {
    resolveGlobal,
    persistentLoad: (id: readonly unknown[]) => {
      const reference = storageReference(id);
      references.set(reference.storageKey, reference);
      return reference;
    },
  };
  const first = readPickle(bytes, 0, hooks);
  if (first.value !== MAGIC) return { root: first.value, readStorage: refuseStorage };
  const version = readPickle(bytes, first.end, hooks);
  const machine = readPickle(bytes, version.end, hooks);
  if (machine.value instanceof Map && machine.value.get('little_endian') === false)
    throw pthError('it is big-endian');
  const object = readPickle(bytes, machine.end, hooks);
  const keys = readPickle(bytes, object.end, hooks);
  const storages = sliceStorages(bytes, keys.end, keys.value, references);
  return {
    root: object.value,
    readStorage: ({ storageKey }) => {
      const storage = storages.get(storageKey);
      if (storage === undefined) throw pthError(`storage ${storageKey} is missing`);
      return Promise.resolve(storage);
    },
  };
}

function sliceStorages(
  bytes: Uint8Array,
  start: number,
  keys: unknown,
  references: ReadonlyMap<string, StorageReference>,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  let position = start;
  if (!isTexts(keys)) throw pthError('its list of storages is damaged');
  for (const key of keys) {
    const reference = references.get(key);
    if (reference === undefined) throw pthError(`storage ${key} belongs to no tensor`);
    const needed = (reference.count * DTYPE_BITS[reference.dtype]) / 8;
    if (position + 8 + needed > bytes.byteLength) {
      throw pthError(
        `storage ${key} needs ${needed} bytes at ${position} of a file of ${bytes.byteLength}; the file is truncated`,
      );
    }
    if (view.getBigInt64(position, true) !== BigInt(reference.count)) {
      throw pthError(`storage ${key} at byte ${position} has another length than its tensors say`);
    }
    // A copy of its own is aligned; a view of the file is not.
    storages.set(key, bytes.slice(position + 8, position + 8 + needed));
    position += 8 + needed;
  }
  return storages;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

const refuseStorage: ReadStorage = () => {
  throw pthError('a bare pickle has no storages');
};
