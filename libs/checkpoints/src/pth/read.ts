import { fileSource, type ByteSource } from '../byte-source.ts';
import type { StateDict } from '../host-tensor.ts';
import { resolveGlobal } from './allowed-globals.ts';
import { readLegacy } from './legacy.ts';
import { NumpyArray } from './numpy-array.ts';
import { readPickle } from './pickle-reader.ts';
import type { ReadStorage } from './read-storage.ts';
import { pthError } from './refusal.ts';
import { storageReference, TensorReference } from './tensor-reference.ts';
import { isZip, readZip, type ZipSlice } from './zip-reader.ts';

/** Where trainers put the weights among optimizer and epoch; `blobs` is Detectron1's. */
const STATE_KEYS = ['state_dict', 'model', 'model_state_dict', 'module', 'blobs'];

/**
 * Reads the tensors of a PyTorch checkpoint (`.pth`, `.pt`, `.bin`; also the older format and detectron2's `.pkl`)
 * without running any of its pickle.
 * @throws INVALID_ARGUMENT when it is damaged, or needs anything but dicts, tensors and numpy arrays
 */
export async function readPth(from: string | ByteSource): Promise<StateDict> {
  if (typeof from !== 'string') return readFrom(from);
  const source = await fileSource(from);
  try {
    return await readFrom(source);
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

async function readFrom(source: ByteSource): Promise<StateDict> {
  const { root, readStorage } = (await isZip(source)) ? await readArchive(source) : await readLegacy(source);
  const state: StateDict = new Map();
  for (const [name, value] of stateOf(root)) {
    if (typeof name !== 'string') continue;
    if (value instanceof TensorReference) {
      state.set(name, value.materialise(await readStorage(value.storage), name));
    } else if (value instanceof NumpyArray && value.tensor !== undefined) {
      state.set(name, value.tensor);
    }
  }
  return state;
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

/** The dict of tensors: the root itself, or under one of the usual keys. */
function stateOf(root: unknown): Map<unknown, unknown> {
  if (!(root instanceof Map)) throw pthError('it holds no dict of tensors');
  for (const key of STATE_KEYS) {
    const inner: unknown = root.get(key);
    if (inner instanceof Map) return inner;
  }
  const hasTensors = [...root.values()].some(
    (value) => value instanceof TensorReference || value instanceof NumpyArray,
  );
  if (hasTensors) return root;
  const names = [...root.keys()].filter((key) => typeof key === 'string').slice(0, 5);
  throw pthError(`it holds no tensors, only ${names.join(', ') || 'an empty dict'}`);
}
