import type { StateDict } from '../host-tensor.ts';
import { writeAtomically, type WrittenFile } from '../write-atomically.ts';
import { pickleState } from './pickle-writer.ts';
import { zipChunks, type ZipEntry } from './zip-writer.ts';

/** What PyTorch itself aligns tensors to. */
const ALIGNMENT = 64;

export interface PthOptions {
  /** Puts the tensors under a key of an outer dict: `model` for the official Swin code. Default: a bare state dict. */
  readonly wrap?: string | undefined;
}

/** Writes a data-only `.pth`: `torch.load(weights_only=True)` reads it bit for bit, with `mmap=True` too. */
export function writePth(path: string, state: StateDict, options: PthOptions = {}): Promise<WrittenFile> {
  return writeAtomically(path, pthChunks(state, options));
}

/** The file's bytes piece by piece, tensors uncopied. */
export function pthChunks(state: StateDict, { wrap }: PthOptions = {}): Iterable<Uint8Array> {
  const text = (name: string, content: string): ZipEntry => ({
    name: `archive/${name}`,
    data: Buffer.from(content),
  });
  const storages = [...state.values()].map(({ data }, index) => ({ name: `archive/data/${index}`, data }));
  const entries: ZipEntry[] = [
    { name: 'archive/data.pkl', data: pickleState(state, wrap) },
    text('byteorder', 'little'),
    ...storages,
    text('version', '3\n'),
  ];
  return zipChunks(entries, ALIGNMENT);
}
