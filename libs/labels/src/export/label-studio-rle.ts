import type { BinaryMask } from '@cassl/vision';

// The bit stream that Label Studio's brush reads (thi.ng rle-pack): 32 bits number of values, 5 bits word size - 1, four
// times 4 bits run size - 1; then runs of 1 bit "repeat", 2 bits which run size, the length - 1 and the value.
const wordBits = 8;
const runBits = [3, 4, 8, 16] as const;

/** A mask as Label Studio's `rle`: RGBA pixels in row order, 255 inside and 0 outside in all four channels. */
export function encodeLabelStudioRle({ data }: BinaryMask): number[] {
  const writer = bitWriter();
  writer.write(data.length * 4, 32);
  writer.write(wordBits - 1, 5);
  for (const bits of runBits) writer.write(bits - 1, 4);
  for (let start = 0; start < data.length;) {
    let end = start + 1;
    while (end < data.length && data[end] === data[start]) end++;
    writeRun(writer, (end - start) * 4, data[start] === 0 ? 0 : 255);
    start = end;
  }
  return writer.finish();
}

function writeRun(writer: BitWriter, length: number, value: number): void {
  for (let left = length; left > 0;) {
    const size = runBits.findIndex((bits) => left <= 2 ** bits);
    const index = size < 0 ? runBits.length - 1 : size;
    const written = Math.min(left, 2 ** runBits[index]!);
    writer.write(1, 1);
    writer.write(index, 2);
    writer.write(written - 1, runBits[index]!);
    writer.write(value, wordBits);
    left -= written;
  }
}

interface BitWriter {
  /** Appends the lowest `bits` bits, highest first. */
  write(value: number, bits: number): void;
  finish(): number[];
}

function bitWriter(): BitWriter {
  const bytes: number[] = [];
  let used = 8;
  return {
    write(value, bits) {
      for (let bit = bits - 1; bit >= 0; bit--) {
        if (used === 8) {
          bytes.push(0);
          used = 0;
        }
        bytes[bytes.length - 1]! |= ((value >>> bit) & 1) << (7 - used++);
      }
    },
    finish: () => bytes,
  };
}
