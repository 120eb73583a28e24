// The bit stream that Label Studio's brush reads (thi.ng rle-pack): 32 bits number of values, 5 bits word size - 1, four
// times 4 bits run size - 1; then runs of 1 bit "repeat", 2 bits which run size, the length - 1 and the value.
const wordBits = 8;
const runBits = [3, 4, 8, 16] as const;
/** 2^0 to 2^40: shifts end at 32 bits. */
const POWERS = Array.from({ length: 41 }, (_, bits) => 2 ** bits);
const LONGEST = 2 ** runBits[3];

/**
 * A mask as Label Studio's `rle`: RGBA pixels in row order, 255 inside and 0 outside in all four channels.
 * @param runs row by row over the image, the first of background
 */
export function encodeLabelStudioRle(runs: Uint32Array): number[] {
  let pixels = 0;
  for (let run = 0; run < runs.length; run++) pixels += runs[run]!;
  const bytes: number[] = [];
  // Whole bytes leave at once: what is pending has fewer than 8 bits, and 27 more fit beside it.
  let pending = 0;
  let held = 0;
  const write = (value: number, bits: number): void => {
    pending = pending * POWERS[bits]! + value;
    held += bits;
    while (held >= 8) {
      held -= 8;
      const unit = POWERS[held]!;
      const byte = Math.trunc(pending / unit);
      bytes.push(byte);
      pending -= byte * unit;
    }
  };
  write(pixels * 4, 32);
  write(wordBits - 1, 5);
  for (const bits of runBits) write(bits - 1, 4);
  for (let run = 0; run < runs.length; run++) {
    const value = run % 2 === 0 ? 0 : 255;
    for (let left = runs[run]! * 4; left > 0; left -= LONGEST) {
      const written = left < LONGEST ? left : LONGEST;
      const size = written <= 8 ? 0 : written <= 16 ? 1 : written <= 256 ? 2 : 3;
      const bits = runBits[size];
      // "Repeat", which run size, the length - 1 and the value.
      write((((4 | size) << bits) | (written - 1)) * POWERS[wordBits]! + value, 3 + bits + wordBits);
    }
  }
  if (held > 0) bytes.push(pending * POWERS[8 - held]!);
  return bytes;
}
