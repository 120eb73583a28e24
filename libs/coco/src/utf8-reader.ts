import type { FileHandle } from 'node:fs/promises';
import { invalidArgument } from '@cassl/errors';
import { decodeUtf16, otherEncoding, utf16Of } from './text-encoding.ts';

/** Reads a JSON file piece by piece as UTF-8, whichever of UTF-8 and UTF-16 it is in. */
export interface Utf8Reader {
  /**
   * Writes the next bytes, at most `most` (8 or more), into `target` at `at`.
   * @returns how many; 0 at the end
   * @throws INVALID_ARGUMENT naming the file for any other encoding
   */
  read(target: Buffer, at: number, most: number): Promise<number>;
}

/** As many bytes as tell an encoding. */
const BEGINNING_BYTES = 4;

export function utf8Reader(file: FileHandle, path: string): Utf8Reader {
  let isFirst = true;
  let decoder: InstanceType<typeof TextDecoder> | undefined;

  const readBeginning = async (target: Buffer, at: number): Promise<number> => {
    let length = 0;
    for (let bytesRead = -1; length < BEGINNING_BYTES && bytesRead !== 0; length += bytesRead) {
      ({ bytesRead } = await file.read(target, at + length, BEGINNING_BYTES - length));
    }
    const beginning = target.subarray(at, at + length);
    const other = otherEncoding(beginning);
    if (other !== undefined) throw invalidArgument(`${path} ${other}`);
    const encoding = utf16Of(beginning);
    if (encoding === undefined) return length;
    decoder = new TextDecoder(encoding, { fatal: true });
    return target.write(decodeUtf16(decoder, Buffer.from(beginning), path, false), at, 'utf8');
  };
  const readWide = async (
    wide: InstanceType<typeof TextDecoder>,
    target: Buffer,
    at: number,
    most: number,
  ): Promise<number> => {
    // Two bytes of UTF-16 are at most three of UTF-8.
    const bytes = Buffer.allocUnsafe(Math.floor(most / 2));
    for (;;) {
      const { bytesRead } = await file.read(bytes, 0, bytes.length);
      const isLast = bytesRead === 0;
      const text = decodeUtf16(wide, bytes.subarray(0, bytesRead), path, isLast);
      // A piece may be half a character; the end is where there is nothing more.
      if (text !== '' || isLast) return target.write(text, at, 'utf8');
    }
  };
  return {
    async read(target, at, most) {
      if (isFirst) {
        isFirst = false;
        const length = await readBeginning(target, at);
        if (length > 0) return length;
      }
      if (decoder !== undefined) return readWide(decoder, target, at, most);
      return (await file.read(target, at, most)).bytesRead;
    },
  };
}
