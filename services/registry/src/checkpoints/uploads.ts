import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Unfinished uploads, one file each, named by the digest that was announced. They survive the process. */
export interface Uploads {
  path(digest: string): string;
  /** 0 when there is none. */
  receivedBytes(digest: string): Promise<number>;
  open(digest: string): Promise<FileHandle>;
  remove(digest: string): Promise<void>;
}

/** After a week nobody comes back for it. */
const KEPT_MS = 7 * 86_400_000;

export async function openUploads(dataDir: string): Promise<Uploads> {
  const folder = join(dataDir, 'uploads');
  await mkdir(folder, { recursive: true });
  await removeOld(folder);
  const path = (digest: string): string => join(folder, `${digest}.part`);
  return {
    path,
    receivedBytes: async (digest) => (await stat(path(digest)).catch(() => undefined))?.size ?? 0,
    // Neither truncates nor appends: the caller says where to write.
    open: async (digest) => open(path(digest), 'r+').catch(() => open(path(digest), 'w+')),
    remove: (digest) => rm(path(digest), { force: true }),
  };
}

async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(join(folder, name), { force: true });
  }
}
