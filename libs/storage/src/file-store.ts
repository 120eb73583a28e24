import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { alreadyExists, CasslError, notFound, type ErrorCode } from '@cassl/errors';
import { checkRange } from './byte-range.ts';
import { checkDigest, digestHex, DigestMeter } from './digest.ts';
import { checkKey, INCOMING } from './object-key.ts';
import type {
  Body,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  PutReceipt,
} from './object-store.ts';

/** Objects as plain files under one folder, which is made at the first put. */
export function openFileStore(folder: string, uri: string): ObjectStore {
  const path = (key: string): string => join(folder, checkKey(key));
  return {
    uri,
    put: async (key, body, options) => put(folder, key, path(key), body, options),
    get: (key, options) => get(key, path(key), options),
    head: async (key) => head(key, path(key)),
    list: (prefix = '', options) => list(folder, '', prefix, options),
    async move(from, to) {
      await replace(path(from), path(to)).catch((error: unknown) => {
        throw isMissing(error) ? notFound(`object ${from} is not in ${uri}`, { cause: error }) : error;
      });
    },
    delete: async (key) => rm(path(key), { force: true }),
  };
}

async function put(
  folder: string,
  key: string,
  target: string,
  body: Body,
  options: PutOptions = {},
): Promise<PutReceipt> {
  if (options.expectedDigest !== undefined) digestHex(options.expectedDigest);
  const temporary = join(folder, INCOMING, randomUUID());
  try {
    await makeFolder(dirname(temporary));
    const meter = new DigestMeter();
    const handle = await open(temporary, 'wx');
    let digest: string;
    try {
      for await (const chunk of meter.through(body, options.signal)) await writeAll(handle, chunk);
      digest = meter.digest();
      checkDigest(digest, options.expectedDigest, `object ${key}`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (options.ifAbsent === true) await add(key, temporary, target);
    else await replace(temporary, target);
    return { key, sizeBytes: meter.sizeBytes, digest };
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw translateWriteError(error, key, folder);
  }
}

/** Node's own recursive mkdir never ends under /proc, and holds one of the process's four file threads for ever. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path).catch((again: unknown) => {
      if (!hasCode(again, 'EEXIST')) throw again;
    });
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.byteLength;) {
    const { bytesWritten } = await handle.write(chunk, offset, chunk.byteLength - offset);
    offset += bytesWritten;
  }
}

/** A rename survives a power cut only once the folder that holds the name is on disk too. */
async function replace(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** A link, unlike a rename, refuses a name that is taken. */
async function add(key: string, from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  try {
    await link(from, to);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw alreadyExists(`object ${key} exists already`, { cause: error });
    throw error;
  }
  await rm(from);
  await syncFolder(dirname(to));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function* get(key: string, path: string, options: GetOptions = {}): AsyncGenerator<Uint8Array> {
  const info = await head(key, path);
  if (info === undefined) throw notFound(`object ${key} does not exist (${path})`);
  const { start, end } = checkRange(key, info.sizeBytes, options);
  if (start === end) return;
  // createReadStream counts its end inclusively.
  yield* createReadStream(path, { start, end: end - 1, signal: options.signal, highWaterMark: 1 << 20 });
}

async function head(key: string, path: string): Promise<ObjectInfo | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? { key, sizeBytes: stats.size, modifiedAt: stats.mtime } : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Walks depth first in key order; a folder sorts as its name with "/" so that the order equals S3's. */
async function* list(
  folder: string,
  base: string,
  prefix: string,
  { after = '' }: ListOptions = {},
): AsyncGenerator<ObjectInfo> {
  const entries = await readdir(join(folder, base), { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  for (const name of names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    const key = base + name;
    if (key === `${INCOMING}/`) continue;
    const mayMatch = name.endsWith('/')
      ? key.startsWith(prefix) || prefix.startsWith(key)
      : key.startsWith(prefix);
    if (!mayMatch || isPassed(key, after)) continue;
    if (name.endsWith('/')) {
      yield* list(folder, key, prefix, { after });
    } else {
      const info = await head(key, join(folder, key));
      if (info !== undefined) yield info;
    }
  }
}

/** Whether a key, or every key of a folder, comes no later than `after`. */
function isPassed(key: string, after: string): boolean {
  if (key.endsWith('/') && after.startsWith(key)) return false;
  return after !== '' && Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0;
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}

const WRITE_ERRORS: Readonly<Record<string, [ErrorCode, string]>> = {
  ENOSPC: ['RESOURCE_EXHAUSTED', 'no space left'],
  EDQUOT: ['RESOURCE_EXHAUSTED', 'the quota is used up'],
  EACCES: ['PERMISSION_DENIED', 'no right to write'],
  EPERM: ['PERMISSION_DENIED', 'no right to write'],
  EROFS: ['PERMISSION_DENIED', 'the file system is read-only'],
  ENOTDIR: ['FAILED_PRECONDITION', 'a part of the path is a file'],
  EEXIST: ['FAILED_PRECONDITION', 'a part of the path is a file'],
  EISDIR: ['FAILED_PRECONDITION', 'a folder has its name'],
  ENOENT: ['FAILED_PRECONDITION', 'no folder can be made there'],
  ENAMETOOLONG: ['FAILED_PRECONDITION', 'the name is too long for the file system'],
};

/** Says why a write cannot succeed, so that nobody tries it again. */
function translateWriteError(error: unknown, key: string, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof CasslError || !('code' in error)) return error;
  const known = WRITE_ERRORS[String(error.code)];
  if (known === undefined) return error;
  return new CasslError(known[0], `cannot put ${key} into ${folder}: ${known[1]}`, { cause: error });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && !(error instanceof CasslError) && 'code' in error && error.code === code;
}
