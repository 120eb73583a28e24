import { pieceBytes, type FilePiece } from '../file-piece.ts';

const BLOCK = 512;
/** Eleven octal digits; larger sizes are written in base 256, as GNU tar does. */
const MAX_OCTAL = 8 ** 11;

export interface TarEntry {
  readonly path: string;
  /** Absent for a folder, whose path ends in "/". */
  readonly content?: readonly FilePiece[];
}

/** A tar archive (ustar) planned as pieces: the same files give the same bytes, whoever and whenever. */
export function tarPieces(entries: readonly TarEntry[]): FilePiece[] {
  const pieces = entries.flatMap(({ path, content }): FilePiece[] => {
    const size = (content ?? []).reduce((sum, piece) => sum + pieceBytes(piece), 0);
    const padding = Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
    return [header(path, size, content === undefined), ...(content ?? []), padding];
  });
  return [...pieces, Buffer.alloc(2 * BLOCK)];
}

function header(path: string, size: number, isFolder: boolean): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0, 100);
  block.write(isFolder ? '0000755\0' : '0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  writeSize(block, size);
  block.write('00000000000\0', 136);
  block.write(isFolder ? '5' : '0', 156);
  block.write('ustar\u000000', 257);
  // The checksum is taken with spaces in its own place.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function writeSize(block: Buffer, size: number): void {
  if (size < MAX_OCTAL) {
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    return;
  }
  block.writeUInt8(0x80, 124);
  block.writeBigUInt64BE(BigInt(size), 128);
}
