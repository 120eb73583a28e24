import type { BigIntStats } from 'node:fs';
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { dataLoss, notFound } from '@cassl/errors';
import type { BlobStore, ReadOptions, StoredBlob, UnfinishedUpload } from './blob-store.ts';
import { findPart, openFileUpload } from './file-upload.ts';
import { sendFile } from './send-file.ts';

/** Unfinished files; on the same file system as the finished ones, so that finishing is a rename. */
const INCOMING = '.incoming';
const BLOBS = join('blobs', 'sha256');
const MARK = 'registry-id';
const READ_BYTES = 256 * 1024;

/** Blobs as plain files `blobs/sha256/<2 hex>/<64 hex>` under one folder. */
export async function openFileBlobs(folder: string): Promise<BlobStore> {
  const incoming = join(folder, INCOMING);
  await mkdir(incoming, { recursive: true });
  await mkdir(join(folder, BLOBS), { recursive: true });
  const path = (digest: string): string => join(folder, BLOBS, digest.slice(0, 2), digest);
  return {
    head: (digest) => head(digest, path(digest)),
    read: (digest, options) => read(digest, path(digest), options),
    send: (digest, sink, options) => send(digest, path(digest), sink, options),
    keptBytes: async (digest) => (await findPart(incoming, digest))?.sizeBytes ?? 0,
    upload: (digest, options) =>
      openFileUpload({ ...options, incoming, digest, finish: (from) => finish(digest, from, path(digest)) }),
    delete: async (digest) => {
      await rm(path(digest), { force: true });
      await syncFolder(dirname(path(digest))).catch(() => undefined);
    },
    list: () => list(join(folder, BLOBS)),
    unfinished: () => unfinished(incoming),
    mark: (id) => mark(join(folder, MARK), id),
    close: () => undefined,
  };
}

async function finish(digest: string, from: string, to: string): Promise<StoredBlob> {
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  // A rename survives a power cut only once the folder that holds the name is on disk too.
  await syncFolder(dirname(to));
  await syncFolder(dirname(dirname(to)));
  const stored = await head(digest, to);
  if (stored === undefined) throw dataLoss(`the file of ${digest} vanished while it was stored`);
  return stored;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function describe(digest: string, stats: BigIntStats): StoredBlob {
  const { ino, size, mtimeNs, ctimeNs } = stats;
  return {
    digest,
    sizeBytes: Number(size),
    version: [ino, size, mtimeNs, ctimeNs].join('-'),
    modifiedAt: stats.mtime,
  };
}

async function head(digest: string, path: string): Promise<StoredBlob | undefined> {
  const stats = await statIfThere(path);
  return stats?.isFile() === true ? describe(digest, stats) : undefined;
}

/** Opens the very file whose version is checked: a rename in between changes nothing. */
async function openVerified(
  digest: string,
  path: string,
  { version, start = 0, end }: ReadOptions,
): Promise<{ file: FileHandle; start: number; end: number }> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw isMissing(cause) ? notFound(`the file of ${digest} is missing`, { cause }) : cause;
  });
  try {
    const stored = describe(digest, await file.stat({ bigint: true }));
    if (version !== undefined && stored.version !== version)
      throw dataLoss(`the file of ${digest} was changed while it was read`);
    return { file, start, end: end ?? stored.sizeBytes };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* read(digest: string, path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
  const { file, start, end } = await openVerified(digest, path, options);
  let position = start;
  try {
    while (position < end) {
      options.signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
  if (position < end) throw endedEarly(digest, position, end);
}

async function send(digest: string, path: string, sink: Writable, options: ReadOptions = {}): Promise<void> {
  const { file, start, end } = await openVerified(digest, path, options);
  try {
    const sent = await sendFile(file, sink, { start, end, signal: options.signal });
    if (start + sent < end) throw endedEarly(digest, start + sent, end);
  } finally {
    await file.close();
  }
}

function endedEarly(digest: string, position: number, end: number): Error {
  return dataLoss(`the file of ${digest} ends at byte ${position} instead of ${end}`);
}

async function* list(folder: string): AsyncGenerator<StoredBlob> {
  for (const fan of (await readdir(folder)).sort()) {
    for (const digest of (await readdir(join(folder, fan)).catch(() => [])).sort()) {
      if (!/^[0-9a-f]{64}$/.test(digest)) continue;
      const found = await head(digest, join(folder, fan, digest));
      if (found !== undefined) yield found;
    }
  }
}

async function* unfinished(folder: string): AsyncGenerator<UnfinishedUpload> {
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const stats = await statIfThere(path);
    // What is no file is none of ours, and could not be discarded.
    if (stats?.isFile() !== true) continue;
    yield {
      kind: 'upload',
      name: `${INCOMING}/${name}`,
      digest: /^[0-9a-f]{64}/.exec(name)?.[0] ?? '',
      sizeBytes: Number(stats.size),
      modifiedAt: stats.mtime,
      discard: () => rm(path, { force: true }),
    };
  }
}

async function mark(path: string, id: string): Promise<string> {
  await writeFile(path, id, { flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  return (await readFile(path, 'utf8')).trim();
}

async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
