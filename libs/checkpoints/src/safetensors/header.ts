import { DTYPE_BITS, isDtype, type Dtype } from '../dtype.ts';
import { findDuplicateKey } from './duplicate-keys.ts';
import { safetensorsError } from './fault.ts';

/** Where and what one tensor is. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte, counted from the file's start. */
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In file order. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The official reader's limit. */
export const MAX_HEADER_BYTES = 100_000_000;
/** The little-endian u64 at the file's start. */
export const PREFIX_BYTES = 8;

/**
 * Reads the header's length from the first 8 bytes of a file.
 * @throws INVALID_ARGUMENT when it is over the limit or beyond the file's end
 */
export function headerLength(prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes < PREFIX_BYTES) {
    throw safetensorsError('FILE_TOO_SHORT', `it has ${fileBytes} bytes; the header's length alone takes 8`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw safetensorsError(
      'HEADER_TOO_LARGE',
      `header length ${length} is over the limit of ${MAX_HEADER_BYTES}`,
    );
  }
  if (PREFIX_BYTES + Number(length) > fileBytes) {
    throw safetensorsError(
      'HEADER_BEYOND_FILE',
      `header length ${length} does not fit a file of ${fileBytes} bytes`,
    );
  }
  return Number(length);
}

/**
 * Parses a header and checks every bound in it: after this, each entry's bytes lie inside the file, belong to no other
 * tensor and are as many as its dtype and shape need.
 * @throws INVALID_ARGUMENT naming the tensor and the numbers
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number): SafetensorsHeader {
  const { __metadata__: rawMetadata, ...rawEntries } = parseObject(bytes);
  const dataStart = PREFIX_BYTES + bytes.byteLength;
  const entries = Object.entries(rawEntries)
    .map(([name, raw]) => parseEntry(name, raw, dataStart))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  checkContiguous(entries, dataStart, fileBytes);
  return {
    tensors: new Map(entries.map((entry) => [entry.name, entry])),
    metadata: parseMetadata(rawMetadata),
  };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw safetensorsError('HEADER_NOT_UTF8', `the header of ${bytes.byteLength} bytes is not UTF-8`, cause);
  }
  if (!text.startsWith('{')) {
    const found = text === '' ? 'but it is empty' : `not ${JSON.stringify(text.slice(0, 1))}`;
    throw safetensorsError('HEADER_NOT_JSON', `the header must start with "{", ${found}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw safetensorsError('HEADER_NOT_JSON', `the header is not JSON: ${(cause as Error).message}`, cause);
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw safetensorsError('DUPLICATE_NAME', `the name ${JSON.stringify(duplicate)} occurs twice`);
  }
  return value as Record<string, unknown>;
}

function parseMetadata(raw: unknown): Record<string, string> {
  // Some writers say null for none, and the official reader takes it.
  if (raw === undefined || raw === null) return {};
  if (!isRecord(raw))
    throw safetensorsError('METADATA_NOT_STRINGS', '__metadata__ must be an object of strings');
  for (const [key, value] of Object.entries(raw)) {
    if (typeof value === 'string') continue;
    throw safetensorsError(
      'METADATA_NOT_STRINGS',
      `__metadata__.${key} must be a string, got ${JSON.stringify(value)}`,
    );
  }
  return raw as Record<string, string>;
}

function parseEntry(name: string, raw: unknown, dataStart: number): TensorEntry {
  if (!name.isWellFormed()) {
    throw safetensorsError('HEADER_NOT_UTF8', `the name ${JSON.stringify(name)} has half of a character`);
  }
  // Further keys are ignored, as the official reader does.
  const lacks = ['dtype', 'shape', 'data_offsets'].find((key) => !isRecord(raw) || !Object.hasOwn(raw, key));
  if (!isRecord(raw) || lacks !== undefined) {
    throw safetensorsError('ENTRY_MALFORMED', `tensor ${name} has no ${lacks}`);
  }
  const { dtype, shape, data_offsets: offsets } = raw;
  if (!isDtype(dtype)) {
    throw safetensorsError('UNKNOWN_DTYPE', `tensor ${name} has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!isSizes(shape)) {
    throw safetensorsError('BAD_SHAPE', `tensor ${name} has the shape ${JSON.stringify(shape)}`);
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw safetensorsError('BAD_OFFSETS', `tensor ${name} has the data_offsets ${JSON.stringify(offsets)}`);
  }
  checkSize(name, dtype, shape, offsets[1]! - offsets[0]!);
  return { name, dtype, shape, start: dataStart + offsets[0]!, end: dataStart + offsets[1]! };
}

function checkSize(name: string, dtype: Dtype, shape: readonly number[], actualBytes: number): void {
  const bits = shape.reduce((product, size) => product * BigInt(size), BigInt(DTYPE_BITS[dtype]));
  const what = `tensor ${name} (${dtype} [${shape.join(', ')}])`;
  if (bits / 8n > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw safetensorsError('SIZE_OVERFLOW', `${what} would need ${bits / 8n} bytes`);
  }
  if (bits % 8n !== 0n) {
    throw safetensorsError('NOT_WHOLE_BYTES', `${what} has ${bits} bits, not a whole number of bytes`);
  }
  if (Number(bits / 8n) !== actualBytes) {
    throw safetensorsError(
      'SIZE_MISMATCH',
      `${what} needs ${bits / 8n} bytes, but its data_offsets span ${actualBytes}`,
    );
  }
}

function checkContiguous(entries: readonly TensorEntry[], dataStart: number, fileBytes: number): void {
  let position = dataStart;
  let previous = 'the header';
  for (const { name, start, end } of entries) {
    const from = start - dataStart;
    const expected = position - dataStart;
    if (start < position) {
      throw safetensorsError(
        'OVERLAP',
        `tensor ${name} starts at ${from}, inside ${previous}, which ends at ${expected}`,
      );
    }
    if (start > position) {
      throw safetensorsError('HOLE', `tensor ${name} starts at ${from}, but ${previous} ends at ${expected}`);
    }
    position = end;
    previous = `tensor ${name}`;
  }
  const missing = position - fileBytes;
  if (missing > 0) {
    throw safetensorsError(
      'TRUNCATED',
      `${previous} ends at byte ${position} of a file of ${fileBytes}: ${missing} bytes are missing`,
    );
  }
  if (missing < 0) {
    throw safetensorsError(
      'TRAILING_BYTES',
      `${-missing} bytes follow ${previous}, which ends at byte ${position}`,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
