import { isUtf8 } from 'node:buffer';
import { dataLoss } from '@cassl/errors';
import { readBytes, type ObjectStore } from '@cassl/storage';
import { fileKind } from './file-kind.ts';

/** An image inside a tar file: bytes [start, end) of the tar file are the image's own; or a member that is passed over. */
export type TarMember =
  | { readonly name: string; readonly start: number; readonly end: number; readonly reason?: undefined }
  | { readonly name: string; readonly reason: string };

const blockBytes = 512;
/** Members up to this size come by the window: of small ones many headers with one read, of large ones each with its own. */
const SMALL = 16 * 1024;
const WINDOW = 64 * 1024;
// A name record longer than this is not a name.
const longestName = 64 * 1024;
/** What is looked through at a time for something behind the end mark. */
const endPiece = 1 << 20;

/** What records before a member say of it. */
interface Extension {
  readonly name?: string | undefined;
  /** Bytes; of more than the header's twelve digits hold. */
  readonly size?: number | undefined;
  readonly isSparse?: boolean | undefined;
}

/**
 * Lists the members of a tar file (POSIX ustar, with GNU long names and pax paths) by hopping from header to header, so that
 * no image is read. Positions let a worker fetch its own images only, which a stream parser does not give.
 * @throws DATA_LOSS naming the file and the byte where a header is damaged, the file is cut off, or more comes behind its end mark.
 */
export async function* readTarMembers(
  store: ObjectStore,
  key: string,
  sizeBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<TarMember> {
  const read = openWindow(store, key, sizeBytes, signal);
  let extension: Extension = {};
  let at = 0;
  while (at + blockBytes <= sizeBytes) {
    const header = await read(at, at + blockBytes);
    if (isZero(header)) return checkEnd(store, key, at, sizeBytes, signal);
    if (!hasValidChecksum(header)) {
      const compression = at === 0 ? compressionOf(header) : undefined;
      throw dataLoss(
        compression === undefined
          ? `tar file ${key}: byte ${at} should start a member but holds no tar header`
          : `tar file ${key}: is compressed by ${compression}; members can be read only from a plain .tar`,
      );
    }
    const type = String.fromCharCode(header[156]!);
    const isRecord = 'gxLKX'.includes(type);
    const start = at + blockBytes;
    const size = HEADER_ONLY.has(type) ? 0 : ((isRecord ? undefined : extension.size) ?? memberSize(header));
    // A size below zero would lead back to a member that was read.
    if (!(size >= 0))
      throw dataLoss(`tar file ${key}: the member at byte ${at} has no size that can be read`);
    const end = start + size;
    if (end > sizeBytes) {
      throw dataLoss(`tar file ${key}: ends at byte ${sizeBytes}, inside the member at byte ${at}`);
    }
    at = start + Math.ceil((end - start) / blockBytes) * blockBytes;
    if ('LxX'.includes(type)) {
      const record = await read(start, Math.min(end, start + longestName));
      const said = type === 'L' ? { name: textOf(record, 0, record.length) } : readPax(record);
      extension = { ...extension, ...said };
    }
    // Of the others, global records name no file, and the names of links are of none that is read.
    if (isRecord) continue;
    const name = (extension.name ?? shortName(header)).replace(/^(?:\.\/+)+/, '');
    const reason =
      extension.isSparse === true ? 'a sparse file inside a tar file' : reasonAgainst(type, name);
    extension = {};
    if (reason !== undefined) yield { name, reason };
    // Folders are no loss.
    else if (type !== '5' && !name.endsWith('/')) yield { name, start, end };
  }
  // Two blocks of zeros end a whole file.
  throw dataLoss(
    `tar file ${key}: ends at byte ${sizeBytes}, inside the member at byte ${at} or before its end mark`,
  );
}

/** Links, devices and folders: whatever size they name, nothing follows their header. */
const HEADER_ONLY: ReadonlySet<string> = new Set('123456');

/** Reads bytes [start, end), from what the last read brought where they are in it. */
function openWindow(
  store: ObjectStore,
  key: string,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): (start: number, end: number) => Promise<Uint8Array> {
  let held: Uint8Array = new Uint8Array();
  let heldAt = 0;
  let before = -Infinity;
  return async (start, end) => {
    signal?.throwIfAborted();
    if (start < heldAt || end > heldAt + held.length) {
      const ahead = start - before <= SMALL ? WINDOW : 0;
      const range = { start, end: Math.min(sizeBytes, Math.max(end, start + ahead)) };
      held = await readBytes(store, key, signal === undefined ? range : { ...range, signal });
      heldAt = start;
    }
    before = start;
    return held.subarray(start - heldAt, end - heldAt);
  };
}

function reasonAgainst(type: string, name: string): string | undefined {
  // The oldest tar files have folders as files whose name ends so.
  if (type === '5' || name.endsWith('/')) return undefined;
  if (type === '1' || type === '2') return 'a link inside a tar file';
  if (type !== '0' && type !== '\0' && type !== '7') return `a tar member of type ${JSON.stringify(type)}`;
  const kind = fileKind(name);
  if (kind.kind === 'tar') return 'a tar file inside a tar file';
  return kind.kind === 'unread' ? kind.reason : undefined;
}

/** What concatenation leaves behind an end mark is a loss that nobody would see. @throws DATA_LOSS */
async function checkEnd(
  store: ObjectStore,
  key: string,
  mark: number,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let start = mark + blockBytes; start < sizeBytes; start += endPiece) {
    signal?.throwIfAborted();
    const range = { start, end: Math.min(sizeBytes, start + endPiece) };
    const piece = await readBytes(store, key, signal === undefined ? range : { ...range, signal });
    if (isZero(piece)) continue;
    throw dataLoss(
      `tar file ${key}: its end mark is at byte ${mark}, but more comes behind: several tar files in one cannot be read`,
    );
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

const compressions: readonly (readonly [string, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

function compressionOf(bytes: Uint8Array): string | undefined {
  return compressions.find(([, magic]) => magic.every((byte, at) => bytes[at] === byte))?.[0];
}

/** The sum of the header's bytes with its checksum field read as spaces. */
function hasValidChecksum(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
  return sum === Number.parseInt(textOf(header, 148, 156).trim(), 8);
}

/** Octal text, or big-endian binary where the first bit is set (files of 8 GiB and more); NaN for anything else. */
function memberSize(header: Uint8Array): number {
  if ((header[124]! & 0x80) === 0) {
    const digits = textOf(header, 124, 136).trim();
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : NaN;
  }
  let size = header[124]! & 0x7f;
  for (let i = 125; i < 136; i++) size = size * 256 + header[i]!;
  return size;
}

function shortName(header: Uint8Array): string {
  const name = textOf(header, 0, 100);
  const isUstar = textOf(header, 257, 262) === 'ustar';
  const prefix = isUstar ? textOf(header, 345, 500) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Of a pax record, "length key=value\n" one after the other: by their lengths, because a name may hold a line's end. */
function readPax(record: Uint8Array): Extension {
  const found: { name?: string; size?: number; isSparse?: boolean } = {};
  for (let at = 0; at < record.length;) {
    const length = Number.parseInt(textOf(record, at, Math.min(record.length, at + 12)), 10);
    if (!(length > 0)) break;
    const [, key = '', value = ''] = /^\d+ ([^=]*)=([^]*)\n$/.exec(textOf(record, at, at + length)) ?? [];
    if (key === 'path') found.name = value;
    else if (key === 'size') found.size = /^\d+$/.test(value) ? Number.parseInt(value, 10) : NaN;
    else if (key.startsWith('GNU.sparse.')) found.isSparse = true;
    at += length;
  }
  return found;
}

/** UTF-8 up to the first zero byte; what is none is taken for Latin-1, so that other names stay other names. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  const field = bytes.subarray(start, end);
  const zero = field.indexOf(0);
  const text = Buffer.from(zero < 0 ? field : field.subarray(0, zero));
  return text.toString(isUtf8(text) ? 'utf8' : 'latin1');
}
