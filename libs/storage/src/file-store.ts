import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { link, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { alreadyExists, CasslError, notFound } from '@cassl/errors';
import { isReallyAllowed, resolveLinks } from './allowed-places.ts';
import { checkLength, checkRange } from './byte-range.ts';
import { checkDigest, digestHex, DigestMeter } from './digest.ts';
import { hasErrno, isMissing, translateFileError } from './file-errors.ts';
import { makeFolder } from './make-folder.ts';
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
import { followLinks, openRegularFile } from './regular-file.ts';
import { withinTime } from './within-time.ts';

interface Folder {
  readonly path: string;
  readonly uri: string;
  /** The address came with a request: the limits of `limitAddresses` hold for all that is read and written. */
  readonly isRequested: boolean;
}

/** Objects as plain files under one folder, which is made at the first put. */
export function openFileStore(path: string, uri: string, isRequested = false): ObjectStore {
  const folder: Folder = { path, uri, isRequested };
  const pathOf = (key: string): string => join(path, checkKey(key));
  return {
    uri,
    put: async (key, body, options) => put(folder, key, pathOf(key), body, options),
    get: (key, options) => get(folder, key, pathOf(key), options),
    head: async (key) => head(folder, key, pathOf(key)),
    list: (prefix = '', options) => list(folder, '', prefix, options),
    async move(from, to) {
      const [source, target] = [pathOf(from), pathOf(to)];
      await checkTarget(folder, source);
      await replace(folder, source, target).catch((error: unknown) => {
        throw isMissing(error) ? notFound(`object ${from} is not in ${uri}`, { cause: error }) : error;
      });
    },
    async delete(key) {
      const target = pathOf(key);
      await checkTarget(folder, target);
      await rm(target, { force: true }).catch((error: unknown) => {
        if (!isMissing(error)) throw translateFileError(error, `delete ${key} from ${uri}`);
      });
    },
  };
}

const CHUNK_BYTES = 2 ** 20;

async function put(
  folder: Folder,
  key: string,
  target: string,
  body: Body,
  options: PutOptions = {},
): Promise<PutReceipt> {
  if (options.expectedDigest !== undefined) digestHex(options.expectedDigest);
  const temporary = join(folder.path, INCOMING, randomUUID());
  try {
    await makeFolderWithin(folder, dirname(temporary));
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
    if (options.ifAbsent === true) await add(folder, key, temporary, target);
    else await replace(folder, temporary, target);
    return { key, sizeBytes: meter.sizeBytes, digest };
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw translateFileError(error, `put ${key} into ${folder.uri}`);
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.byteLength;) {
    const writing = handle.write(chunk, offset, chunk.byteLength - offset);
    const { bytesWritten } = await withinTime(writing, 'the disk');
    offset += bytesWritten;
  }
}

/** A rename survives a power cut only once the folder that holds the name is on disk too. */
async function replace(folder: Folder, from: string, to: string): Promise<void> {
  await makeFolderWithin(folder, dirname(to));
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** A link, unlike a rename, refuses a name that is taken. */
async function add(folder: Folder, key: string, from: string, to: string): Promise<void> {
  await makeFolderWithin(folder, dirname(to));
  try {
    await link(from, to);
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) throw alreadyExists(`object ${key} exists already`, { cause: error });
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

async function makeFolderWithin(folder: Folder, path: string): Promise<void> {
  await checkTarget(folder, join(path, 'any'));
  await withinTime(makeFolder(path), `the disk of ${folder.uri}`);
}

/** @throws PERMISSION_DENIED where links lead the folder of `path` out of the places that may be written */
async function checkTarget(folder: Folder, path: string): Promise<void> {
  if (!folder.isRequested || (await isReallyAllowed(await resolveLinks(dirname(path)), 'write'))) return;
  throw new CasslError('PERMISSION_DENIED', `${folder.uri} leads out of the folders that may be written`);
}

async function* get(
  { uri, isRequested }: Folder,
  key: string,
  path: string,
  options: GetOptions = {},
): AsyncGenerator<Uint8Array> {
  const file = await openRegularFile(path, { name: `object ${key} of ${uri}`, isRequested });
  try {
    const { start, end } = checkRange(key, file.sizeBytes, options);
    checkLength(key, end - start, options);
    for (let at = start; at < end; at += CHUNK_BYTES) {
      options.signal?.throwIfAborted();
      yield await file.read(at, Math.min(end, at + CHUNK_BYTES));
    }
  } finally {
    await file.close();
  }
}

async function head(folder: Folder, key: string, path: string): Promise<ObjectInfo | undefined> {
  try {
    const target = folder.isRequested ? await followLinks(path, key) : path;
    const stats = await withinTime(stat(target), `the disk of ${folder.uri}`);
    return stats.isFile() ? { key, sizeBytes: stats.size, modifiedAt: stats.mtime } : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw translateFileError(error, `look at ${key} of ${folder.uri}`);
  }
}

/** Walks depth first in key order; a folder sorts as its name with "/" so that the order equals S3's. */
async function* list(
  folder: Folder,
  base: string,
  prefix: string,
  options: ListOptions = {},
): AsyncGenerator<ObjectInfo> {
  const { after = '', signal } = options;
  signal?.throwIfAborted();
  const reading = readFolder(folder, join(folder.path, base));
  const entries = await withinTime(reading, `the disk of ${folder.uri}`);
  const names = entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .filter((name) => base + name !== `${INCOMING}/` && mayMatch(base + name, prefix))
    .filter((name) => !isPassed(base + name, after))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (let from = 0; from < names.length; from += LOOKS_AT_ONCE) {
    signal?.throwIfAborted();
    const some = names.slice(from, from + LOOKS_AT_ONCE);
    const found = await Promise.all(
      some.map(async (name) =>
        name.endsWith('/') ? undefined : head(folder, base + name, join(folder.path, base, name)),
      ),
    );
    for (const [index, name] of some.entries()) {
      const info = found[index];
      if (name.endsWith('/')) yield* list(folder, base + name, prefix, options);
      else if (info !== undefined) yield info;
    }
  }
}

const LOOKS_AT_ONCE = 64;

function mayMatch(key: string, prefix: string): boolean {
  return key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key));
}

/** Whether a key, or every key of a folder, comes no later than `after`. */
function isPassed(key: string, after: string): boolean {
  if (key.endsWith('/') && after.startsWith(key)) return false;
  return after !== '' && Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0;
}

async function readFolder(folder: Folder, path: string): Promise<Dirent[]> {
  try {
    const target = folder.isRequested ? await followLinks(path, folder.uri) : path;
    return await readdir(target, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw translateFileError(error, `list ${folder.uri}`);
  }
}
