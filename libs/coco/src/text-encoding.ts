import { isUtf8 } from 'node:buffer';

const UTF_16 = 'is UTF-16 text: save it as UTF-8';
const UTF_32 = 'is UTF-32 text: save it as UTF-8';
const BEGINNINGS: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe, 0, 0], UTF_32],
  [[0, 0, 0xfe, 0xff], UTF_32],
  [[0xff, 0xfe], UTF_16],
  [[0xfe, 0xff], UTF_16],
  // Without a byte order mark: { or [ and a zero.
  [[0x7b, 0], UTF_16],
  [[0x5b, 0], UTF_16],
  [[0, 0x7b], UTF_16],
  [[0, 0x5b], UTF_16],
  [[0x1f, 0x8b], 'is compressed with gzip: unpack it'],
  [[0x50, 0x4b, 3, 4], 'is a zip archive: unpack it'],
];

/**
 * Why a file is no JSON in UTF-8, by how it begins: what other systems write, and what is JSON once it is unpacked. Undefined where
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
