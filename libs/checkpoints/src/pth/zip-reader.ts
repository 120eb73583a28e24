import type { ByteSource } from '../byte-source.ts';
import { pthError } from './refusal.ts';

/** Where an uncompressed entry's data lie in the file. */
export interface ZipSlice {
  readonly start: number;
  readonly end: number;
}

interface CentralRecord {
  readonly name: string;
  readonly method: number;
  readonly sizeBytes: number;
  readonly headerOffset: number;
}

/** The end record, and the longest comment that can follow it. */
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const LIMIT32 = 0xffffffff;

/** True for a file that starts like a ZIP archive. */
export async function isZip(source: ByteSource): Promise<boolean> {
  if (source.sizeBytes < END_BYTES) return false;
  return Buffer.from(await source.read(0, 4)).readUInt32LE() === 0x04034b50;
}

/**
 * Lists an archive's entries by name.
 * @throws INVALID_ARGUMENT for a damaged archive or a compressed entry (PyTorch stores all of them)
 */
export async function readZip(source: ByteSource): Promise<Map<string, ZipSlice>> {
  const { offset, sizeBytes, count } = await findDirectory(source);
  if (offset + sizeBytes > source.sizeBytes) {
    throw pthError(
      `its directory at ${offset} of ${sizeBytes} bytes lies outside a file of ${source.sizeBytes}`,
    );
  }
  const directory = Buffer.from(await source.read(offset, offset + sizeBytes));
  const entries = new Map<string, ZipSlice>();
  let position = 0;
  for (let index = 0; index < count; index++) {
    const { record, next } = readCentral(directory, position);
    position = next;
    entries.set(record.name, await locate(source, record));
  }
  return entries;
}

interface Directory {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly count: number;
}

async function findDirectory(source: ByteSource): Promise<Directory> {
  const start = Math.max(0, source.sizeBytes - END_BYTES - MAX_COMMENT);
  const tail = Buffer.from(await source.read(start, source.sizeBytes));
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + END_BYTES > tail.byteLength) {
    throw pthError(`the archive of ${source.sizeBytes} bytes has no end record; the file is truncated`);
  }
  const count = tail.readUInt16LE(end + 10);
  const sizeBytes = tail.readUInt32LE(end + 12);
  const offset = tail.readUInt32LE(end + 16);
  const isLarge = count === 0xffff || sizeBytes === LIMIT32 || offset === LIMIT32;
  return isLarge ? findDirectory64(source, tail, end) : { offset, sizeBytes, count };
}

async function findDirectory64(source: ByteSource, tail: Buffer, end: number): Promise<Directory> {
  const locator = end - 20;
  if (locator < 0 || tail.readUInt32LE(locator) !== 0x07064b50)
    throw pthError('its ZIP64 locator is missing');
  const at = Number(tail.readBigUInt64LE(locator + 8));
  if (at + 56 > source.sizeBytes) throw pthError(`its ZIP64 end record at ${at} lies outside the file`);
  const record = Buffer.from(await source.read(at, at + 56));
  return {
    count: Number(record.readBigUInt64LE(32)),
    sizeBytes: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
}

function readCentral(directory: Buffer, at: number): { record: CentralRecord; next: number } {
  if (at + 46 > directory.byteLength || directory.readUInt32LE(at) !== 0x02014b50) {
    throw pthError(`its directory is damaged at byte ${at}`);
  }
  const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
  if (extraEnd > directory.byteLength) throw pthError(`its directory is damaged at byte ${at}`);
  const sizes = readSizes(directory, at, directory.subarray(nameEnd, extraEnd));
  return {
    record: {
      name: directory.toString('utf8', at + 46, nameEnd),
      method: directory.readUInt16LE(at + 10),
      ...sizes,
    },
    next: extraEnd + directory.readUInt16LE(at + 32),
  };
}

/** 32-bit fields that are full are found, in order, in the ZIP64 extra field. */
function readSizes(
  directory: Buffer,
  at: number,
  extra: Buffer,
): { sizeBytes: number; headerOffset: number } {
  const uncompressed = directory.readUInt32LE(at + 24);
  const compressed = directory.readUInt32LE(at + 20);
  const offset = directory.readUInt32LE(at + 42);
  let field: Buffer = Buffer.alloc(0);
  for (let i = 0; i + 4 <= extra.byteLength; i += 4 + extra.readUInt16LE(i + 2)) {
    if (extra.readUInt16LE(i) === 1) field = extra.subarray(i + 4, i + 4 + extra.readUInt16LE(i + 2));
  }
  let used = 0;
  const wide = (value: number): number => {
    if (value !== LIMIT32) return value;
    used += 8;
    if (used > field.byteLength) throw pthError('a ZIP64 field of its directory is missing');
    return Number(field.readBigUInt64LE(used - 8));
  };
  const sizeBytes = wide(uncompressed);
  wide(compressed);
  return { sizeBytes, headerOffset: wide(offset) };
}

/** The local header repeats the name and has an extra field of its own, so the data's place is only known from it. */
async function locate(
  source: ByteSource,
  { name, method, sizeBytes, headerOffset }: CentralRecord,
): Promise<ZipSlice> {
  if (method !== 0)
    throw pthError(`entry ${name} is compressed (method ${method}); PyTorch stores entries as they are`);
  if (headerOffset + 30 > source.sizeBytes)
    throw pthError(`entry ${name} at ${headerOffset} lies outside the file`);
  const header = Buffer.from(await source.read(headerOffset, headerOffset + 30));
  if (header.readUInt32LE() !== 0x04034b50) throw pthError(`entry ${name} has no header at ${headerOffset}`);
  const start = headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const end = start + sizeBytes;
  if (end > source.sizeBytes) {
    throw pthError(
      `entry ${name} needs bytes up to ${end} of a file of ${source.sizeBytes}; the file is truncated`,
    );
  }
  return { start, end };
}
