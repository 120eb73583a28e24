import { on } from 'node:events';
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

/** A file under the walked folder, or why something there is none. */
export type WalkedFile =
  | { readonly key: string; readonly sizeBytes: number; readonly reason?: undefined }
  | { readonly key: string; readonly reason: string };

/** What the thread is given. */
export interface WalkOptions {
  readonly root: string;
  readonly after: string;
  /** Messages that it may send before it waits. */
  readonly credits: SharedArrayBuffer;
}

export type WalkMessage = { readonly files: readonly WalkedFile[] } | { readonly isEnd: true };

const AHEAD = 4;

/**
 * The regular files under a folder in key order (the order of S3), in batches. Links are followed, also to folders, but not back
 * into a folder that the walk is in. A folder's names are in memory, nothing else. The walk has a thread of its own: calls one after
 * the other are three times as fast as the event loop's, and a disk that hangs holds nobody else.
 * @param after only files after this key
 */
export async function* walkFolder(
  root: string,
  { after = '', signal }: { readonly after?: string; readonly signal?: AbortSignal } = {},
): AsyncGenerator<readonly WalkedFile[]> {
  signal?.throwIfAborted();
  await stat(root);
  const credits = new SharedArrayBuffer(4);
  const room = new Int32Array(credits);
  room[0] = AHEAD;
  const workerData: WalkOptions = { root, after, credits };
  const worker = new Worker(new URL('./walk-folder-worker.ts', import.meta.url), { workerData });
  const failed = new AbortController();
  worker.once('error', (error) => failed.abort(error));
  const stop = AbortSignal.any(signal === undefined ? [failed.signal] : [failed.signal, signal]);
  try {
    for await (const [message] of on(worker, 'message', { signal: stop }) as AsyncIterable<[WalkMessage]>) {
      if ('isEnd' in message) return;
      yield message.files;
      Atomics.add(room, 0, 1);
      Atomics.notify(room, 0);
    }
  } catch (error) {
    throw stop.aborted ? (stop.reason as Error) : error;
  } finally {
    // Not waited for: the thread may be in a call to a disk that hangs.
    void worker.terminate();
  }
}
