import { basename } from 'node:path';
import { notFound } from '@cassl/errors';
import { openRegularFile, readBytes, type ObjectStore } from '@cassl/storage';

/** Anything with bytes at known positions: memory, a file, an object in a store. */
export interface ByteSource extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Exactly the bytes [start, end), which the caller has checked to lie inside. */
  read(start: number, end: number): Promise<Uint8Array>;
}

export function bytesSource(bytes: Uint8Array, name = 'safetensors bytes'): ByteSource {
  return {
    name,
    sizeBytes: bytes.byteLength,
    read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Opens a regular file; close it with `[Symbol.asyncDispose]()`. Throws NOT_FOUND. */
export async function fileSource(path: string): Promise<ByteSource> {
  const file = await openRegularFile(path);
  return {
    name: basename(path),
    sizeBytes: file.sizeBytes,
    read: (start, end) => file.read(start, end),
    [Symbol.asyncDispose]: () => file.close(),
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
