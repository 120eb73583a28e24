import { dataLoss } from '@cassl/errors';
import { readBytes, type ObjectStore } from '@cassl/storage';
import { fileKind } from './file-kind.ts';

/** An image inside a tar file: bytes [start, end) of the tar file are the image's own; or a member that is passed over. */
export type TarMember =
  | { readonly name: string; readonly start: number; readonly end: number; readonly reason?: undefined }
  | { readonly name: string; readonly reason: string };

const blockBytes = 512;
// A name record longer than this is not a name.
const longestName = 64 * 1024;

/**
 * Lists the members of a tar file (POSIX ustar, with GNU long names and pax paths) by hopping from header to header, so that
 * no image is read. Positions let a worker fetch its own images only, which a stream parser does not give.
 * @throws DATA_LOSS naming the file and the byte where a header is damaged or the file is cut off.
 */
export async function* readTarMembers(
  store: ObjectStore,
  key: string,
  sizeBytes: number,
): AsyncGenerator<TarMember> {
  let longName: string | undefined;
  let at = 0;
  while (at + blockBytes <= sizeBytes) {
    const header = await readBytes(store, key, { start: at, end: at + blockBytes });
    if (header.every((byte) => byte === 0)) return;
    if (!hasValidChecksum(header)) {
      throw dataLoss(`tar file ${key}: byte ${at} should start a member but holds no tar header`);
    }
    const start = at + blockBytes;
    const end = start + memberSize(header);
    if (end > sizeBytes) {
      throw dataLoss(`tar file ${key}: ends at byte ${sizeBytes}, inside the member at byte ${at}`);
    }
    at = start + Math.ceil((end - start) / blockBytes) * blockBytes;
    const type = String.fromCharCode(header[156]!);
    if (type === 'g') continue;
    if (type === 'L' || type === 'x') {
      const record = await readBytes(store, key, { start, end: Math.min(end, start + longestName) });
      longName = type === 'L' ? textOf(record, 0, record.length) : paxPath(record);
      continue;
    }
    const name = longName ?? shortName(header);
    longName = undefined;
    const reason = reasonAgainst(type, name);
    if (reason !== undefined) yield { name, reason };
    // Folders are no loss.
    else if (type !== '5') yield { name, start, end };
  }
  // Two blocks of zeros end a whole file.
  throw dataLoss(
    `tar file ${key}: ends at byte ${sizeBytes}, inside the member at byte ${at} or before its end mark`,
  );
}

function reasonAgainst(type: string, name: string): string | undefined {
  if (type === '5') return undefined;
  if (type === '1' || type === '2') return 'a link inside a tar file';
  if (type !== '0' && type !== '\0' && type !== '7') return `a tar member of type ${JSON.stringify(type)}`;
  const kind = fileKind(name);
  if (kind.kind === 'tar') return 'a tar file inside a tar file';
  return kind.kind === 'unread' ? kind.reason : undefined;
}

/** The sum of the header's bytes with its checksum field read as spaces. */
function hasValidChecksum(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
  return sum === Number.parseInt(textOf(header, 148, 156).trim(), 8);
}

/** Octal text, or big-endian binary where the first bit is set (files of 8 GiB and more). */
function memberSize(header: Uint8Array): number {
  if ((header[124]! & 0x80) === 0) return Number.parseInt(textOf(header, 124, 136).trim() || '0', 8);
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

/** The `path` of a pax record: lines of "length key=value\n". */
function paxPath(record: Uint8Array): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(textOf(record, 0, record.length))?.[1];
}

/** UTF-8 up to the first zero byte. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  const field = bytes.subarray(start, end);
  const zero = field.indexOf(0);
  return new TextDecoder().decode(zero < 0 ? field : field.subarray(0, zero));
}
