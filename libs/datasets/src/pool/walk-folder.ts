import type { Stats } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file under the walked folder, or why something there is none. */
export type WalkedFile =
  | { readonly key: string; readonly sizeBytes: number; readonly reason?: undefined }
  | { readonly key: string; readonly reason: string };

const BATCH = 256;

/**
 * The regular files under a folder in key order (the order of S3), in batches. Links are followed, also to folders, but not back
 * into a folder that the walk is in. A folder's names are in memory, nothing else.
 * @param after only files after this key
 */
export async function* walkFolder(
  root: string,
  { after = '', signal }: { readonly after?: string; readonly signal?: AbortSignal } = {},
): AsyncGenerator<readonly WalkedFile[]> {
  const top = await stat(root);
  yield* walk({ root, after, signal }, '', [identity(top)]);
}

interface Walk {
  readonly root: string;
  readonly after: string;
  readonly signal: AbortSignal | undefined;
}

async function* walk(
  { root, after, signal }: Walk,
  base: string,
  open: readonly string[],
): AsyncGenerator<readonly WalkedFile[]> {
  const names = (await namesIn(join(root, base))).sort(byBytes);
  for (let from = 0; from < names.length; from += BATCH) {
    signal?.throwIfAborted();
    const wanted = names.slice(from, from + BATCH).filter((name) => !isPassed(base + name, after));
    let batch: WalkedFile[] = [];
    const found = await Promise.all(wanted.map((name) => look(root, base + name)));
    for (const entry of found) {
      if (!('folder' in entry)) {
        batch.push(entry);
        continue;
      }
      const { key, folder } = entry;
      if (open.includes(folder)) {
        batch.push({ key: key.replace(/\/$/, ''), reason: 'a link back into a folder that holds it' });
        continue;
      }
      if (batch.length > 0) yield batch;
      batch = [];
      yield* walk({ root, after, signal }, key, [...open, folder]);
    }
    if (batch.length > 0) yield batch;
  }
}

/** A folder's name ends in "/", so that the order is that of whole keys. */
async function namesIn(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of await opendir(path, { bufferSize: 1024 })) {
    const isFolder =
      entry.isDirectory() || (!entry.isFile() && (await isFolderBehind(join(path, entry.name))));
    names.push(isFolder ? `${entry.name}/` : entry.name);
  }
  return names;
}

async function isFolderBehind(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function look(
  root: string,
  key: string,
): Promise<WalkedFile | { readonly key: string; readonly folder: string }> {
  const path = join(root, key);
  try {
    const stats = await stat(path);
    if (key.endsWith('/')) return { key, folder: identity(stats) };
    return stats.isFile() ? { key, sizeBytes: stats.size } : { key, reason: 'not a regular file' };
  } catch {
    const isLink = await lstat(path).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    return { key, reason: isLink ? 'a link that leads nowhere' : 'gone or unreadable' };
  }
}

function identity({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

/** Code units order as UTF-8 does, but for surrogates. */
function byBytes(a: string, b: string): number {
  if (/[\ud800-\uffff]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a key, or every key of a folder, comes no later than `after`. */
function isPassed(key: string, after: string): boolean {
  if (after === '' || (key.endsWith('/') && after.startsWith(key))) return false;
  return byBytes(key, after) <= 0;
}
