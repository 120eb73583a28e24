import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { dataLoss, notFound } from '@cassl/errors';
import { readBytes, type ObjectStore } from '@cassl/storage';

/** Anything with bytes at known positions: memory, a file, an object in a store. */
export interface ByteSource extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Exactly the bytes [start, end), which the caller has checked to lie inside. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** `FileHandle.read` takes at most 2^31 - 1 bytes at a time. */
const MAX_READ_BYTES = 2 ** 30;

export function bytesSource(bytes: Uint8Array, name = 'safetensors bytes'): ByteSource {
  return {
    name,
    sizeBytes: bytes.byteLength,
    read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Opens a file; close it with `await using` or `[Symbol.asyncDispose]()`. Throws NOT_FOUND. */
export async function fileSource(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw notFound(`cannot open ${path}: ${(cause as Error).message}`, { cause });
  });
  const { size } = await handle.stat();
  return {
    name: basename(path),
    sizeBytes: size,
    read: (start, end) => readFully(handle, path, start, end),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** An object of a store, read by ranged gets. Throws NOT_FOUND. */
export async function storeSource(store: ObjectStore, key: string): Promise<ByteSource> {
  const info = await store.head(key);
  if (info === undefined) throw notFound(`object ${key} is not in ${store.uri}`);
  return {
    name: key,
    sizeBytes: info.sizeBytes,
    read: (start, end) => readBytes(store, key, { start, end }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function readFully(handle: FileHandle, path: string, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  for (let done = 0; done < bytes.byteLength;) {
    const length = Math.min(MAX_READ_BYTES, bytes.byteLength - done);
    const { bytesRead } = await handle.read(bytes, done, length, start + done);
    if (bytesRead === 0) throw dataLoss(`${path} ended at byte ${start + done} while being read`);
    done += bytesRead;
  }
  return bytes;
}
