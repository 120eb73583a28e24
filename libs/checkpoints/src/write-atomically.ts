import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface WrittenFile {
  readonly sizeBytes: number;
  /** `sha256:<hex>` of the file. */
  readonly digest: string;
}

/** Writes beside the target, syncs, renames: a reader or a crash sees the old file or the whole new one. */
export async function writeAtomically(path: string, chunks: Iterable<Uint8Array>): Promise<WrittenFile> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const chunk of chunks) {
        hash.update(chunk);
        sizeBytes += chunk.byteLength;
        await file.writev([chunk]);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { sizeBytes, digest: `sha256:${hash.digest('hex')}` };
}
