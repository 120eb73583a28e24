import { constants } from 'node:fs';
import { open, readlink, realpath, type FileHandle } from 'node:fs/promises';
import { dataLoss, errorMessage, isCasslError, notFound, type CasslError } from '@cassl/errors';
import { allowedPlaces, isReallyAllowed } from './allowed-places.ts';
import { withinTime } from './within-time.ts';

/** A file that is open, with the size that it had then. */
export interface RegularFile {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** Exactly the bytes [start, end), which lie inside. @throws DATA_LOSS where the file has become shorter */
  read(start: number, end: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface OpenRegularFileOptions {
  /** What messages call it. @default the path */
  readonly name?: string | undefined;
  /** The path comes from a request: the limits of `limitAddresses` hold, also for what links lead to. @default false */
  readonly isRequested?: boolean | undefined;
}

/** Little enough that a slow disk reads it within `SILENCE_MS`. */
const MAX_READ_BYTES = 2 ** 26;

/**
 * Opens a file to read, and nothing but a regular file: a FIFO would hold one of the four threads that all file calls share
 * until somebody writes to it, a device has no end. For a requested path a link that leaves the allowed folders leads
 * nowhere: the answer is the same as for a missing file.
 * @throws NOT_FOUND; UNAVAILABLE where the disk does not answer
 */
export async function openRegularFile(
  path: string,
  options: OpenRegularFileOptions = {},
): Promise<RegularFile> {
  const { name = path, isRequested = false } = options;
  return withinTime(openFile(path, name, isRequested), `the disk of ${name}`, {
    onLate: (file) => void file.close(),
  });
}

async function openFile(path: string, name: string, isRequested: boolean): Promise<RegularFile> {
  const isLimited = isRequested && allowedPlaces('read') !== undefined;
  const target = isLimited ? await followLinks(path, name) : path;
  // Not blocking: to open a FIFO would wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (isLimited ? constants.O_NOFOLLOW : 0);
  const handle = await open(target, flags).catch((cause: unknown) => {
    throw isLimited
      ? nothingThere(name, cause)
      : notFound(`cannot open ${name}: ${errorMessage(cause)}`, { cause });
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw notFound(`${name} is not a regular file`);
    if (isLimited) await checkOpened(handle, target, name);
    return {
      sizeBytes: stats.size,
      modifiedAt: stats.mtime,
      read: (start, end) => readFully(handle, name, start, end),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @throws NOT_FOUND where the path leads to nothing, or out of the allowed folders: the two are not told apart */
export async function followLinks(path: string, name: string): Promise<string> {
  const target = await realpath(path).catch((cause: unknown) => {
    throw nothingThere(name, cause);
  });
  if (!(await isReallyAllowed(target, 'read'))) throw nothingThere(name);
  return target;
}

/** A folder of the path may have become a link between the check and the opening: Linux tells what was opened. */
async function checkOpened(handle: FileHandle, target: string, name: string): Promise<void> {
  const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => target);
  if (opened !== target && !(await isReallyAllowed(opened, 'read'))) throw nothingThere(name);
}

function nothingThere(name: string, cause?: unknown): CasslError {
  if (isCasslError(cause)) return cause;
  return notFound(`${name} is not there, or is not a file that this service may read`, { cause });
}

async function readFully(handle: FileHandle, name: string, start: number, end: number): Promise<Uint8Array> {
  // Of its own, not of Node's pool: typed arrays over it need its alignment.
  const bytes = new Uint8Array(end - start);
  for (let done = 0; done < bytes.byteLength;) {
    const length = Math.min(MAX_READ_BYTES, bytes.byteLength - done);
    const reading = handle.read(bytes, done, length, start + done);
    const { bytesRead } = await withinTime(reading, `the disk of ${name}`);
    if (bytesRead === 0) throw dataLoss(`${name} ended at byte ${start + done} of ${end} while being read`);
    done += bytesRead;
  }
  return bytes;
}
