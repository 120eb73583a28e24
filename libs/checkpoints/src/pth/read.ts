import { fileSource, type ByteSource } from '../byte-source.ts';
import type { StateDict } from '../host-tensor.ts';
import { resolveGlobal } from './allowed-globals.ts';
import { readLegacy } from './legacy.ts';
import { namingFile } from '../naming-file.ts';
import { findState } from './find-state.ts';
import { NumpyArray } from './numpy-array.ts';
import { readPickle } from './pickle-reader.ts';
import type { ReadStorage } from './read-storage.ts';
import { pthError } from './refusal.ts';
import { storageReference, TensorReference } from './tensor-reference.ts';
import { isZip, readZip, type ZipSlice } from './zip-reader.ts';

export interface Pth {
  readonly tensors: StateDict;
  /** Where in the file they were: `ema.module`; empty at its root. */
  readonly key: string;
  /** Where else tensors are. */
  readonly otherKeys: readonly string[];
}

/**
 * Reads the tensors of a PyTorch checkpoint (`.pth`, `.pt`, `.bin`; also the older format and detectron2's `.pkl`)
 * without running any of its pickle.
 * @param key the dict of tensors to take, for example `ema.module`; default: the usual ones (`findState`)
 * @throws INVALID_ARGUMENT when it is damaged, or needs anything but dicts, tensors and numpy arrays; it names the file
 */
export async function readPth(from: string | ByteSource, key?: string): Promise<Pth> {
  if (typeof from !== 'string') return namingFile(from.name, () => readFrom(from, key));
  const source = await fileSource(from);
  try {
    return await namingFile(source.name, () => readFrom(source, key));
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

async function readFrom(source: ByteSource, wanted: string | undefined): Promise<Pth> {
  const { root, readStorage } = (await isZip(source)) ? await readArchive(source) : await readLegacy(source);
  const { state, key, otherKeys } = findState(root, wanted);
  const tensors: StateDict = new Map();
  for (const [name, value] of state) {
    if (typeof name !== 'string') continue;
    if (value instanceof TensorReference) {
      tensors.set(name, value.materialise(await readStorage(value.storage), name));
    } else if (value instanceof NumpyArray && value.tensor !== undefined) {
      tensors.set(name, value.tensor);
    }
  }
  return { tensors, key, otherKeys };
}

async function readArchive(source: ByteSource): Promise<{ root: unknown; readStorage: ReadStorage }> {
  const entries = await readZip(source);
  const pickleName = [...entries.keys()].find((name) => /^[^/]*\/?data\.pkl$/.test(name));
  if (pickleName === undefined)
    throw pthError('the archive has no data.pkl; TorchScript and other zips are not weights');
  const folder = pickleName.slice(0, -'data.pkl'.length);
  const read = async (slice: ZipSlice): Promise<Uint8Array> => source.read(slice.start, slice.end);
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined && Buffer.from(await read(order)).toString() !== 'little') {
    throw pthError('it is big-endian');
  }
  const hooks = { resolveGlobal, persistentLoad: storageReference };
  const { value } = readPickle(await read(entries.get(pickleName)!), 0, hooks);
  // Views of one storage (tied weights) share its bytes.
  const storages = new Map<string, Promise<Uint8Array>>();
  const readStorage: ReadStorage = ({ storageKey }) => {
    const slice = entries.get(`${folder}data/${storageKey}`);
    if (slice === undefined) throw pthError(`the archive lacks storage data/${storageKey}`);
    const bytes = storages.get(storageKey) ?? read(slice);
    storages.set(storageKey, bytes);
    return bytes;
  };
  return { root: value, readStorage };
}
