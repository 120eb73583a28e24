import { invalidArgument } from '@cassl/errors';
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
    // Safetensors starts with its header's length, then "{"; a ZIP with "PK"; a pickle since Python 2.3 with its protocol.
    if (start[8] === 0x7b || start.byteLength < 9) return await readSafetensors(source);
    const isPth = (start[0] === 0x50 && start[1] === 0x4b) || start[0] === 0x80;
    if (isPth) return { tensors: await readPth(source), metadata: {} };
    throw invalidArgument(
      `${path} is no checkpoint: it starts with ${quoted(start)}, and neither as safetensors nor as a .pth or .pkl (pickle protocol 2 or later) does`,
    );
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

function quoted(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('latin1'));
}
