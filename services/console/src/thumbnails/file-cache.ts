import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that can be made again. What fails here is as if nothing were kept. */
export interface FileCache {
  get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  put(name: string, content: Uint8Array): Promise<void>;
}

/** After a sweep so much of the room is in use. */
const SWEPT_SHARE = 0.8;

/** A folder that takes at most `maxBytes`, or little more while it is swept; the oldest files go first. */
export function openFileCache(folder: string, maxBytes: number): FileCache {
  let usedBytes: number | undefined;
  let sweeping: Promise<void> | undefined;
  return {
    async get(name) {
      return readFile(join(folder, name)).then(
        (content) => new Uint8Array(content),
        () => undefined,
      );
    },
    async put(name, content) {
      const path = join(folder, name);
      const part = `${path}.${randomUUID()}`;
      try {
        // Somebody may have thrown the folder away.
        await mkdir(folder, { recursive: true });
        // Another process may read it at any moment.
        await writeFile(part, content);
        await rename(part, path);
      } catch {
        await rm(part, { force: true }).catch(() => undefined);
        return;
      }
      usedBytes = usedBytes === undefined ? await sizeOf(folder) : usedBytes + content.byteLength;
      if (usedBytes <= maxBytes) return;
      sweeping ??= sweep(folder, maxBytes * SWEPT_SHARE).then((left) => {
        usedBytes = left;
        sweeping = undefined;
      });
      await sweeping;
    },
  };
}

async function sizeOf(folder: string): Promise<number> {
  return (await listFiles(folder)).reduce((sum, { size }) => sum + size, 0);
}

/** Removes the oldest until at most `bytes` are left; answers how many are. */
async function sweep(folder: string, bytes: number): Promise<number> {
  const files = (await listFiles(folder)).sort((a, b) => a.mtimeMs - b.mtimeMs);
  let left = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files) {
    if (left <= bytes) break;
    await rm(path, { force: true });
    left -= size;
  }
  return left;
}

async function listFiles(folder: string): Promise<{ path: string; size: number; mtimeMs: number }[]> {
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      return found === undefined ? [] : [{ path, size: found.size, mtimeMs: found.mtimeMs }];
    }),
  );
  return files.flat();
}
