import { crc32 } from 'node:zlib';
import { pieceContent, type FilePiece } from '../file-piece.ts';
import type { StateDict } from '../host-tensor.ts';
import { lazyState, type LazyState, type LazyTensor } from '../lazy-tensor.ts';
import { writeAtomically, type WrittenFile } from '../write-atomically.ts';
import { pickleState, type Wrapping } from './pickle-writer.ts';
import { zipPieces, type ZipEntry } from './zip-writer.ts';

/** What PyTorch itself aligns tensors to. */
const ALIGNMENT = 64;

/** What stands around the tensors; default: a bare state dict. */
export type PthOptions = Wrapping;

/** Writes a data-only `.pth`: `torch.load(weights_only=True)` reads it bit for bit, with `mmap=True` too. */
export function writePth(path: string, state: StateDict, options: PthOptions = {}): Promise<WrittenFile> {
  return writeAtomically(path, pthChunks(state, options));
}

/** The file's bytes piece by piece, tensors uncopied. */
export function* pthChunks(state: StateDict, options: PthOptions = {}): Generator<Uint8Array> {
  const checksum = (tensor: LazyTensor): number => crc32(pieceContent(tensor));
  for (const piece of pthPieces(lazyState(state), checksum, options)) yield pieceContent(piece);
}

/**
 * The plan of the file for tensors that may still be elsewhere.
 * @param checksum CRC-32 of a tensor's bytes, which a ZIP has before them
 */
export function pthPieces(
  state: LazyState,
  checksum: (tensor: LazyTensor, name: string) => number,
  options: PthOptions = {},
): FilePiece[] {
  const text = (name: string, content: string): ZipEntry => ({
    name: `archive/${name}`,
    data: Buffer.from(content),
  });
  const storages = [...state].map(([name, tensor], index) => ({
    name: `archive/data/${index}`,
    data: tensor,
    checksum: checksum(tensor, name),
  }));
  const entries: ZipEntry[] = [
    { name: 'archive/data.pkl', data: pickleState(state, options) },
    text('byteorder', 'little'),
    ...storages,
    text('version', '3\n'),
  ];
  return zipPieces(entries, ALIGNMENT);
}
