import { invalidArgument } from '@cassl/errors';
import { dtypeRank } from '../dtype.ts';
import { byteLength, type HostTensor, type StateDict } from '../host-tensor.ts';
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
  const tensors = [...state].sort(officialOrder);
  yield encodeHeader(tensors, metadata);
  for (const [, tensor] of tensors) yield tensor.data;
}

/** Widest dtypes first, which keeps every tensor aligned to its element size; then by name, as UTF-8 bytes. */
function officialOrder([nameA, a]: [string, HostTensor], [nameB, b]: [string, HostTensor]): number {
  return dtypeRank(b.dtype) - dtypeRank(a.dtype) || Buffer.compare(Buffer.from(nameA), Buffer.from(nameB));
}

function encodeHeader(
  tensors: [string, HostTensor][],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Written by hand, as JavaScript objects would move names like "0" to the front.
  const strings = Object.keys(metadata)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
  const parts = strings.length > 0 ? [`"__metadata__":{${strings.join(',')}}`] : [];
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const { dtype, shape, data } = checkTensor(name, tensor);
    const entry = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset += data.byteLength;
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

function checkTensor(name: string, tensor: HostTensor): HostTensor {
  if (name === '__metadata__') throw invalidArgument('a tensor cannot be named __metadata__');
  const needed = byteLength(tensor.dtype, tensor.shape);
  if (tensor.data.byteLength !== needed) {
    throw invalidArgument(
      `tensor ${name} (${tensor.dtype} [${tensor.shape.join(', ')}]) needs ${needed} bytes, got ${tensor.data.byteLength}`,
    );
  }
  return tensor;
}
