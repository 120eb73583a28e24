import { invalidArgument } from '@cassl/errors';
import { dtypeRank } from '../dtype.ts';
import { pieceContent, type FilePiece } from '../file-piece.ts';
import { byteLength, type StateDict } from '../host-tensor.ts';
import { lazyBytes, lazyState, type LazyState, type LazyTensor } from '../lazy-tensor.ts';
import { writeAtomically, type WrittenFile } from '../write-atomically.ts';
import { MAX_HEADER_BYTES, PREFIX_BYTES } from './header.ts';

/** Readers map tensors in place: data starts at a multiple of this. */
const ALIGNMENT = 8;

/**
 * Writes a file, atomically, byte for byte as the official writer does.
 * @param metadata free strings; `{ format: 'pt' }` is what Python's `save_file` and Hugging Face loaders expect
 */
export async function writeSafetensors(
  path: string,
  state: StateDict,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<WrittenFile> {
  return writeAtomically(path, safetensorsChunks(state, metadata));
}

/** The file in memory. */
export function encodeSafetensors(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return new Uint8Array(Buffer.concat([...safetensorsChunks(state, metadata)]));
}

/** The file's bytes piece by piece: prefix with header, then each tensor, without copying them. */
export function* safetensorsChunks(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  for (const piece of safetensorsPieces(lazyState(state), metadata)) yield pieceContent(piece);
}

/** The plan of the file for tensors that may still be elsewhere. */
export function safetensorsPieces(
  state: LazyState,
  metadata: Readonly<Record<string, string>> = {},
): FilePiece[] {
  const tensors = [...state].sort(officialOrder);
  return [encodeHeader(tensors, metadata), ...tensors.map(([, tensor]) => tensor)];
}

/** Widest dtypes first, which keeps every tensor aligned to its element size; then by name, as UTF-8 bytes. */
function officialOrder([nameA, a]: [string, LazyTensor], [nameB, b]: [string, LazyTensor]): number {
  return dtypeRank(b.dtype) - dtypeRank(a.dtype) || Buffer.compare(Buffer.from(nameA), Buffer.from(nameB));
}

function encodeHeader(
  tensors: [string, LazyTensor][],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Written by hand, as JavaScript objects would move names like "0" to the front.
  const strings = Object.keys(metadata)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
  const parts = strings.length > 0 ? [`"__metadata__":{${strings.join(',')}}`] : [];
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const { dtype, shape } = checkTensor(name, tensor);
    const end = offset + lazyBytes(tensor);
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const json = Buffer.from(`{${parts.join(',')}}`);
  const length = Math.ceil(json.byteLength / ALIGNMENT) * ALIGNMENT;
  if (length > MAX_HEADER_BYTES) {
    throw invalidArgument(`a safetensors header of ${length} bytes is over the limit of ${MAX_HEADER_BYTES}`);
  }
  const bytes = Buffer.alloc(PREFIX_BYTES + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length), 0);
  json.copy(bytes, PREFIX_BYTES);
  return bytes;
}

function checkTensor(name: string, tensor: LazyTensor): LazyTensor {
  if (name === '__metadata__') throw invalidArgument('a tensor cannot be named __metadata__');
  const { dtype, shape, origin, change } = tensor;
  if (!(origin instanceof Uint8Array) || change !== undefined) return tensor;
  const needed = byteLength(dtype, shape);
  if (origin.byteLength !== needed) {
    throw invalidArgument(
      `tensor ${name} (${dtype} [${shape.join(', ')}]) needs ${needed} bytes, got ${origin.byteLength}`,
    );
  }
  return tensor;
}
