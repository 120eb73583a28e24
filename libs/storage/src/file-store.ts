import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { CasslError, notFound, resourceExhausted } from '@cassl/errors';
import { checkRange } from './byte-range.ts';
import { checkDigest, digestHex, DigestMeter } from './digest.ts';
import { checkKey, INCOMING } from './object-key.ts';
import type { Body, GetOptions, ObjectInfo, ObjectStore, PutOptions, PutReceipt } from './object-store.ts';

/** Objects as plain files under one folder, which is made at the first put. */
export function openFileStore(folder: string, uri: string): ObjectStore {
  const path = (key: string): string => join(folder, checkKey(key));
  return {
    uri,
    put: async (key, body, options) => put(folder, key, path(key), body, options),
    get: (key, options) => get(key, path(key), options),
    head: async (key) => head(key, path(key)),
    list: (prefix = '') => list(folder, '', prefix),
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
  await mkdir(dirname(temporary), { recursive: true });
  try {
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
    await replace(temporary, target);
    return { key, sizeBytes: meter.sizeBytes, digest };
  } catch (error) {
    await rm(temporary, { force: true });
    throw isFull(error)
      ? resourceExhausted(`no space left for object ${key} in ${folder}`, { cause: error })
      : error;
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
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  const folder = await open(dirname(to), 'r');
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
async function* list(folder: string, base: string, prefix: string): AsyncGenerator<ObjectInfo> {
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
    if (!mayMatch) continue;
    if (name.endsWith('/')) {
      yield* list(folder, key, prefix);
    } else {
      const info = await head(key, join(folder, key));
      if (info !== undefined) yield info;
    }
  }
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}

function isFull(error: unknown): boolean {
  return hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && !(error instanceof CasslError) && 'code' in error && error.code === code;
}
