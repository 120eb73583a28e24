import type { FileHandle } from 'node:fs/promises';
import { invalidArgument } from '@cassl/errors';
import { decodeUtf16, otherEncoding, utf16Of } from './text-encoding.ts';

/** Reads a JSON file piece by piece as UTF-8, whichever of UTF-8 and UTF-16 it is in. */
export interface Utf8Reader {
  /**
   * Writes the next bytes, at most `most`, into `target` at `at`.
   * @returns how many; 0 at the end
   * @throws INVALID_ARGUMENT naming the file for any other encoding
   */
  read(target: Buffer, at: number, most: number): Promise<number>;
}

export function utf8Reader(file: FileHandle, path: string): Utf8Reader {
  let isFirst = true;
  let wide: { readonly decoder: InstanceType<typeof TextDecoder>; readonly bytes: Buffer } | undefined;

  const readWide = async (target: Buffer, at: number, most: number): Promise<number> => {
    if (wide === undefined) return 0;
    // Two bytes of UTF-16 are at most three of UTF-8.
    const bytes = wide.bytes.subarray(0, Math.floor(most / 2));
    for (;;) {
      const { bytesRead } = await file.read(bytes, 0, bytes.length);
      const isLast = bytesRead === 0;
      const text = decodeUtf16(wide.decoder, bytes.subarray(0, bytesRead), path, isLast);
      // A piece may be half a character; the end is where there is nothing more.
      if (text !== '' || isLast) return target.write(text, at, 'utf8');
    }
  };
  return {
    async read(target, at, most) {
      if (wide !== undefined) return readWide(target, at, most);
      const { bytesRead } = await file.read(target, at, most);
      if (!isFirst) return bytesRead;
      isFirst = false;
      const beginning = target.subarray(at, at + bytesRead);
      const other = otherEncoding(beginning);
      if (other !== undefined) throw invalidArgument(`${path} ${other}`);
      const encoding = utf16Of(beginning);
      if (encoding === undefined) return bytesRead;
      wide = { decoder: new TextDecoder(encoding, { fatal: true }), bytes: Buffer.allocUnsafe(most) };
      const text = decodeUtf16(wide.decoder, Buffer.from(beginning), path, false);
      return text === '' ? readWide(target, at, most) : target.write(text, at, 'utf8');
    },
  };
}
