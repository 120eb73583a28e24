/** The thread behind `walkFolder`. */
import { lstatSync, readdirSync, statSync, type Dirent, type Stats } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { WalkMessage, WalkOptions, WalkedFile } from './walk-folder.ts';

const BATCH = 256;

const port = parentPort!;
const { root, after, credits } = workerData as WalkOptions;
const room = new Int32Array(credits);

function send(message: WalkMessage): void {
  // Waits while the reader is behind: memory does not grow with the folder.
  while (Atomics.sub(room, 0, 1) <= 0) {
    Atomics.add(room, 0, 1);
    Atomics.wait(room, 0, 0);
  }
  port.postMessage(message);
}

/** Reads without promises: a call of the system a file is all that a file costs. */
function walk(base: string, open: readonly string[]): void {
  let batch: WalkedFile[] = [];
  const flush = (): void => {
    if (batch.length > 0) send({ files: batch });
    batch = [];
  };
  const names = namesIn(join(root, base));
  if (names === undefined)
    batch.push({ key: base.slice(0, -1), reason: 'a folder that is gone or unreadable' });
  let before = '';
  for (const name of names?.sort(byBytes) ?? []) {
    const key = base + name;
    if (isPassed(key)) continue;
    if (name === before) {
      // Two names become one only where bytes that are no UTF-8 were replaced.
      batch.push({ key: base + name.replace(/\/$/, ''), reason: NOT_UTF8 });
      continue;
    }
    before = name;
    const found = look(key);
    if (!('folder' in found)) batch.push(found);
    else if (open.includes(found.folder)) {
      batch.push({ key: key.slice(0, -1), reason: 'a link back into a folder that holds it' });
    } else {
      flush();
      walk(key, [...open, found.folder]);
    }
    if (batch.length >= BATCH) flush();
  }
  flush();
}

/** A folder's name ends in "/", so that the order is that of whole keys. `undefined` where one is gone since its name was read, or closed. */
function namesIn(path: string): string[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true }).map((entry) =>
      isFolder(path, entry) ? `${entry.name}/` : entry.name,
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (path !== join(root, '') && GONE.has(code)) return undefined;
    throw error;
  }
}

const NOT_UTF8 = 'a name that is not UTF-8';

const GONE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP']);

function isFolder(path: string, entry: Dirent): boolean {
  if (entry.isDirectory() || entry.isFile()) return entry.isDirectory();
  try {
    return statSync(join(path, entry.name)).isDirectory();
  } catch {
    // Why it leads nowhere is said where it is looked at.
    return false;
  }
}

function look(key: string): WalkedFile | { readonly key: string; readonly folder: string } {
  const path = `${root}/${key}`;
  try {
    const stats = statSync(path);
    if (key.endsWith('/')) return { key, folder: identity(stats) };
    return stats.isFile() ? { key, sizeBytes: stats.size } : { key, reason: 'not a regular file' };
  } catch {
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
    if (isLink) return { key, reason: 'a link that leads nowhere' };
    return { key, reason: key.includes('\ufffd') ? NOT_UTF8 : 'gone or unreadable' };
  }
}

function identity({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

/** Code units order as UTF-8 does, but for surrogates. */
function byBytes(a: string, b: string): number {
  if (hasSurrogate.test(a) || hasSurrogate.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

const hasSurrogate = /[\ud800-\uffff]/;

/** Whether a key, or every key of a folder, comes no later than `after`. */
function isPassed(key: string): boolean {
  if (after === '' || (key.endsWith('/') && after.startsWith(key))) return false;
  return byBytes(key, after) <= 0;
}

walk('', [identity(statSync(root))]);
send({ isEnd: true });
