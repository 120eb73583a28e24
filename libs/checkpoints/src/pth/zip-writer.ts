import { crc32 } from 'node:zlib';
import { unimplemented } from '@cassl/errors';
import { pieceBytes, type FilePiece } from '../file-piece.ts';

export interface ZipEntry {
  readonly name: string;
  readonly data: FilePiece;
  /** CRC-32 of the data; needed where they are not in memory. */
  readonly checksum?: number;
}

const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const END64_SIGNATURE = 0x06064b50;
const LOCATOR64_SIGNATURE = 0x07064b50;
/** "FB": the extra field with which PyTorch itself pads. */
const PADDING_FIELD = 0x4246;
const ZIP64_FIELD = 0x0001;
const LIMIT32 = 0xffffffff;
/** 1 January 1980, the earliest date: the same weights give the same file. */
const DATE = 0x21;

/**
 * A ZIP archive of uncompressed entries whose data start at multiples of `alignment`, so that they can be mapped.
 * ZIP64 records appear only where an offset or the count needs them. A single entry is at most 4 GiB.
 */
export function zipPieces(entries: readonly ZipEntry[], alignment: number): FilePiece[] {
  const pieces: FilePiece[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data, checksum = crc32(data as Uint8Array) } of entries) {
    const size = pieceBytes(data);
    if (size >= LIMIT32) throw unimplemented(`${name} has ${size} bytes; the limit is 4 GiB`);
    const utf8 = Buffer.from(name);
    const padding = paddingField(offset + 30 + utf8.byteLength, alignment);
    const local = Buffer.concat([localHeader(utf8, size, checksum, padding.byteLength), utf8, padding]);
    pieces.push(local, data);
    directory.push(centralHeader(utf8, size, checksum, offset));
    offset += local.byteLength + size;
  }
  const size = directory.reduce((sum, record) => sum + record.byteLength, 0);
  return [...pieces, ...directory, endOfDirectory(entries.length, size, offset)];
}

/** An extra field that ends at a multiple of `alignment`; its own header takes 4 bytes. */
function paddingField(start: number, alignment: number): Buffer {
  const fill = (alignment - ((start + 4) % alignment)) % alignment;
  const field = Buffer.alloc(4 + fill, 'Z');
  field.writeUInt16LE(PADDING_FIELD, 0);
  field.writeUInt16LE(fill, 2);
  return field;
}

function localHeader(name: Buffer, size: number, checksum: number, extraBytes: number): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(LOCAL_SIGNATURE, 0);
  writeCommon(header, 4, name, size, checksum);
  header.writeUInt16LE(extraBytes, 28);
  return header;
}

/** The fields that local and central headers share: version 2.0, UTF-8 names, stored. */
function writeCommon(header: Buffer, at: number, name: Buffer, size: number, checksum: number): void {
  header.writeUInt16LE(20, at);
  header.writeUInt16LE(0x0800, at + 2);
  header.writeUInt16LE(0, at + 4);
  header.writeUInt16LE(0, at + 6);
  header.writeUInt16LE(DATE, at + 8);
  header.writeUInt32LE(checksum, at + 10);
  header.writeUInt32LE(size, at + 14);
  header.writeUInt32LE(size, at + 18);
  header.writeUInt16LE(name.byteLength, at + 22);
}

function centralHeader(name: Buffer, size: number, checksum: number, offset: number): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(CENTRAL_SIGNATURE, 0);
  header.writeUInt16LE(45, 4);
  writeCommon(header, 6, name, size, checksum);
  if (offset < LIMIT32) {
    header.writeUInt32LE(offset, 42);
    return Buffer.concat([header, name]);
  }
  header.writeUInt32LE(LIMIT32, 42);
  const extra = Buffer.alloc(12);
  extra.writeUInt16LE(ZIP64_FIELD, 0);
  extra.writeUInt16LE(8, 2);
  extra.writeBigUInt64LE(BigInt(offset), 4);
  header.writeUInt16LE(extra.byteLength, 30);
  return Buffer.concat([header, name, extra]);
}

function endOfDirectory(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END_SIGNATURE, 0);
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(Math.min(size, LIMIT32), 12);
  end.writeUInt32LE(Math.min(offset, LIMIT32), 16);
  if (offset < LIMIT32 && count < 0xffff) return end;

  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(END64_SIGNATURE, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(45, 12);
  end64.writeUInt16LE(45, 14);
  end64.writeBigUInt64LE(BigInt(count), 24);
  end64.writeBigUInt64LE(BigInt(count), 32);
  end64.writeBigUInt64LE(BigInt(size), 40);
  end64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(LOCATOR64_SIGNATURE, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}
