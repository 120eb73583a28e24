import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { resourceExhausted } from '@cassl/errors';
import type { BlobUpload, StoredBlob, UploadOptions } from './blob-store.ts';

/** Every so many bytes the disk is told to begin, so that the sync at the end has little left to wait for. */
const FLUSH_BYTES = 64 * 2 ** 20;

/**
 * As much may wait while the disk is busy, for each of many uploads. Pieces are written together, for each write costs a turn
 * of the thread pool.
 */
const WRITE_BYTES = 256 * 1024;

/** The largest unfinished file of a digest; `undefined` when there is none. */
export async function findPart(
  incoming: string,
  digest: string,
): Promise<{ path: string; sizeBytes: number } | undefined> {
  let found: { path: string; sizeBytes: number } | undefined;
  for (const name of await readdir(incoming)) {
    if (!name.startsWith(`${digest}.`)) continue;
    const path = join(incoming, name);
    const { size } = (await stat(path).catch(() => undefined)) ?? { size: -1 };
    if (size > (found?.sizeBytes ?? -1)) found = { path, sizeBytes: size };
  }
  return found;
}

interface FileUploadOptions extends UploadOptions {
  readonly incoming: string;
  readonly digest: string;
  readonly finish: (from: string) => Promise<StoredBlob>;
}

/** Writes to a part file, which finishing renames. Its name is new for every try, so that no earlier holder finds it. */
export async function openFileUpload(options: FileUploadOptions): Promise<BlobUpload> {
  const { incoming, digest, offset } = options;
  const part = join(incoming, `${digest}.${randomUUID()}.part`);
  const earlier = await findPart(incoming, digest);
  if (earlier !== undefined) await takeOver(earlier.path, part, options);
  const file = await open(part, 'r+').catch(() => open(part, 'w+'));
  await file.truncate(offset);
  let position = offset;
  let flushed = offset;
  let flushing: Promise<void> | undefined;
  // A disk tells of bytes that it lost once: a later sync would say that all is well.
  let lost: Error | undefined;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  let failure: Error | undefined;

  /** What came while the disk had the last piece goes to it as one. */
  const writeWaiting = (): void => {
    if (writing !== undefined || waitingBytes === 0 || failure !== undefined) return;
    const [pieces, bytes, from] = [waiting, waitingBytes, position];
    [waiting, waitingBytes] = [[], 0];
    position += bytes;
    writing = writeAll(file, pieces, from)
      .catch((error: unknown) => void (failure = error as Error))
      .finally(() => {
        writing = undefined;
        beginFlush();
        writeWaiting();
      });
  };
  const beginFlush = (): void => {
    if (position - flushed < FLUSH_BYTES || flushing !== undefined) return;
    flushed = position;
    flushing = file
      .datasync()
      .catch((error: unknown) => void (lost = error as Error))
      .finally(() => (flushing = undefined));
  };
  const settle = async (): Promise<void> => {
    while (writing !== undefined) await writing;
    await flushing;
    if (failure !== undefined) throw failure;
  };
  const close = async (): Promise<void> => {
    await settle().catch(() => undefined);
    await file.close();
  };
  return {
    keptBytes: offset,
    kept: () =>
      offset === 0 ? empty() : createReadStream(part, { highWaterMark: 2 ** 20, end: offset - 1 }),
    async write(chunk) {
      waiting.push(chunk);
      waitingBytes += chunk.byteLength;
      writeWaiting();
      if (waitingBytes >= WRITE_BYTES) await writing;
      if (failure !== undefined) throw failure;
    },
    async finish() {
      try {
        await settle();
        await file.sync();
        if (lost !== undefined) throw lost;
      } catch (error) {
        throw explained(error);
      } finally {
        await file.close();
      }
      return options.finish(part);
    },
    async suspend() {
      await close();
      return (await stat(part)).size;
    },
    async discard() {
      await close();
      await rm(part, { force: true });
    },
  };
}

/** An earlier holder of another process may be paused, not dead: it keeps the file it has open, and we go on with a copy. */
async function takeOver(from: string, to: string, { isTakenOver, offset }: UploadOptions): Promise<void> {
  if (!isTakenOver) return rename(from, to);
  if (offset > 0) await copyFile(from, to);
  await rm(from, { force: true });
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  try {
    let left = [...pieces];
    while (left.length > 0) {
      const { bytesWritten } = await file.writev(left, position);
      position += bytesWritten;
      left = after(left, bytesWritten);
    }
  } catch (error) {
    throw explained(error);
  }
}

/** What a write that stopped early left. */
function after(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let done = bytes;
  return pieces.flatMap((piece) => {
    const skipped = Math.min(done, piece.byteLength);
    done -= skipped;
    return skipped === piece.byteLength ? [] : [piece.subarray(skipped)];
  });
}

function explained(error: unknown): unknown {
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
  if (!isFull) return error;
  return resourceExhausted('no space left for checkpoints', { cause: error, details: { isFull } });
}

async function* empty(): AsyncGenerator<Uint8Array> {
  // Nothing was kept.
}
