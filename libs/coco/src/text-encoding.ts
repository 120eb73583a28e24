import { isUtf8 } from 'node:buffer';
import { invalidArgument } from '@cassl/errors';

const UTF_32 = 'is UTF-32 text: save it as UTF-8';
const BEGINNINGS: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe, 0, 0], UTF_32],
  [[0, 0, 0xfe, 0xff], UTF_32],
  [[0x1f, 0x8b], 'is compressed with gzip: unpack it'],
  [[0x50, 0x4b, 3, 4], 'is a zip archive: unpack it'],
];

type Utf16 = 'utf-16le' | 'utf-16be';
const WIDE_BEGINNINGS: readonly (readonly [readonly number[], Utf16])[] = [
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
  // Without a byte order mark: { or [ and a zero.
  [[0x7b, 0], 'utf-16le'],
  [[0x5b, 0], 'utf-16le'],
  [[0, 0x7b], 'utf-16be'],
  [[0, 0x5b], 'utf-16be'],
];

/** Whether JSON that begins so is UTF-16, as Windows' tools save it, and which; {@link otherEncoding} goes before. */
export function utf16Of(beginning: Uint8Array): Utf16 | undefined {
  return WIDE_BEGINNINGS.find(([bytes]) => bytes.every((byte, at) => beginning[at] === byte))?.[1];
}

/**
 * The text of a whole JSON file in UTF-8 or UTF-16; a byte order mark of UTF-8 stays.
 * @throws INVALID_ARGUMENT naming `path` for any other encoding
 */
export function jsonText(bytes: Uint8Array, path: string): string {
  const other = otherEncoding(bytes);
  if (other !== undefined) throw invalidArgument(`${path} ${other}`);
  const wide = utf16Of(bytes);
  if (wide !== undefined) return decodeUtf16(new TextDecoder(wide, { fatal: true }), bytes, path);
  const fault = notUtf8(bytes);
  if (fault !== undefined) throw invalidArgument(`${path} ${fault}`);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** The next bytes of a UTF-16 file, or with none its end. @throws INVALID_ARGUMENT naming `path` where they are no text */
export function decodeUtf16(
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array | undefined,
  path: string,
  isLast = true,
): string {
  try {
    return decoder.decode(bytes, { stream: !isLast });
  } catch (cause) {
    throw invalidArgument(`${path} is UTF-16 text that breaks off or is damaged`, { cause });
  }
}

/**
 * Why a file is no JSON in UTF-8 or UTF-16, by how it begins: what other systems write, and what is JSON once it is unpacked. Undefined where
 * nothing speaks against it.
 */
export function otherEncoding(beginning: Uint8Array): string | undefined {
  return BEGINNINGS.find(([bytes]) => bytes.every((byte, at) => beginning[at] === byte))?.[1];
}

/** Decoded all the same, bytes of another encoding would turn into other names without a word. */
export function notUtf8(bytes: Uint8Array): string | undefined {
  if (isUtf8(bytes)) return undefined;
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const before = text.slice(Math.max(0, text.indexOf('\uFFFD') - 20), text.indexOf('\uFFFD'));
  return `is not UTF-8 text (Latin-1, perhaps): the character behind ${JSON.stringify(before)} cannot be read`;
}
