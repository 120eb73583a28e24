import { fileSource } from './byte-source.ts';
import type { StateDict } from './host-tensor.ts';
import { readPth } from './pth/read.ts';
import { readSafetensors } from './safetensors/read.ts';

/**
 * Reads a checkpoint in any container that is known, told by its first bytes and not by its name: safetensors, or
 * PyTorch's and detectron2's pickles without running them.
 * @throws NOT_FOUND for a missing file, INVALID_ARGUMENT for one that is damaged or of another kind
 */
export async function readCheckpoint(
  path: string,
): Promise<{ tensors: StateDict; metadata: Readonly<Record<string, string>> }> {
  const source = await fileSource(path);
  try {
    const start = await source.read(0, Math.min(9, source.sizeBytes));
    // A ZIP starts with "PK"; a pickle with its protocol; safetensors with its header's length, then "{".
    const isSafetensors =
      start[8] === 0x7b || !((start[0] === 0x50 && start[1] === 0x4b) || start[0] === 0x80);
    return isSafetensors ? await readSafetensors(source) : { tensors: await readPth(source), metadata: {} };
  } finally {
    await source[Symbol.asyncDispose]();
  }
}
