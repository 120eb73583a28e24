import { notFound } from '@cassl/errors';
import { bytesSource, fileSource, type ByteSource } from '../byte-source.ts';
import type { HostTensor, StateDict } from '../host-tensor.ts';
import { namingFile } from '../naming-file.ts';
import { headerLength, parseHeader, PREFIX_BYTES, type SafetensorsHeader } from './header.ts';

export interface Safetensors {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads and checks only the header: two small reads, whatever the file's size.
 * @throws INVALID_ARGUMENT for any of the faults in `SafetensorsFault`, with the source's name
 */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  return namingFile(source.name, async () => {
    const prefix = await source.read(0, Math.min(PREFIX_BYTES, source.sizeBytes));
    const length = headerLength(prefix, source.sizeBytes);
    return parseHeader(await source.read(PREFIX_BYTES, PREFIX_BYTES + length), source.sizeBytes);
  });
}

/** Reads one tensor of a file whose header has been read. Throws NOT_FOUND for a name that is not in it. */
export async function readTensor(
  source: ByteSource,
  header: SafetensorsHeader,
  name: string,
): Promise<HostTensor> {
  const entry = header.tensors.get(name);
  if (entry === undefined) throw notFound(`tensor ${name} is not in ${source.name}`);
  return { dtype: entry.dtype, shape: entry.shape, data: await source.read(entry.start, entry.end) };
}

/** Reads all tensors, or those that `select` accepts. Takes a path, the file's bytes, or any other source. */
export async function readSafetensors(
  from: string | Uint8Array | ByteSource,
  select: (name: string) => boolean = () => true,
): Promise<Safetensors> {
  if (!(typeof from === 'string' || from instanceof Uint8Array)) return readAll(from, select);
  const source = typeof from === 'string' ? await fileSource(from) : bytesSource(from);
  // Node 22 has the disposal symbols but not yet the `using` syntax.
  try {
    return await readAll(source, select);
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

async function readAll(source: ByteSource, select: (name: string) => boolean): Promise<Safetensors> {
  const header = await readSafetensorsHeader(source);
  const tensors: StateDict = new Map();
  for (const name of header.tensors.keys()) {
    if (select(name)) tensors.set(name, await readTensor(source, header, name));
  }
  return { tensors, metadata: header.metadata };
}
