// The bit stream that Label Studio's brush reads (thi.ng rle-pack): 32 bits number of values, 5 bits word size - 1, four
// times 4 bits run size - 1; then runs of 1 bit "repeat", 2 bits which run size, the length - 1 and the value.
const wordBits = 8;
const runBits = [3, 4, 8, 16] as const;

/**
 * A mask as Label Studio's `rle`: RGBA pixels in row order, 255 inside and 0 outside in all four channels.
 * @param runs row by row over the image, the first of background
 */
export function encodeLabelStudioRle(runs: Uint32Array): number[] {
  const pixels = runs.reduce((sum, length) => sum + length, 0);
  const writer = bitWriter();
  writer.write(pixels * 4, 32);
  writer.write(wordBits - 1, 5);
  for (const bits of runBits) writer.write(bits - 1, 4);
  for (let run = 0; run < runs.length; run++) writeRun(writer, (runs[run] ?? 0) * 4, run % 2 === 0 ? 0 : 255);
  return writer.finish();
}

const LONGEST = 2 ** runBits[3];

function writeRun(writer: BitWriter, length: number, value: number): void {
  for (let left = length; left > 0; left -= LONGEST) {
    const written = Math.min(left, LONGEST);
    const index = written <= 8 ? 0 : written <= 16 ? 1 : written <= 256 ? 2 : 3;
    const bits = runBits[index];
    // "Repeat", which run size, the length - 1 and the value: 27 bits at most.
    writer.write((((4 | index) << bits) | (written - 1)) * 2 ** wordBits + value, 3 + bits + wordBits);
  }
}

interface BitWriter {
  /** Appends the lowest `bits` bits, highest first. */
  write(value: number, bits: number): void;
  finish(): number[];
}

function bitWriter(): BitWriter {
  const bytes: number[] = [];
  let last = 0;
  let used = 0;
  return {
    write(value, bits) {
      for (let left = bits; left > 0;) {
        const taken = Math.min(left, 8 - used);
        left -= taken;
        last = (last << taken) | ((value >>> left) & ((1 << taken) - 1));
        used += taken;
        if (used < 8) continue;
        bytes.push(last);
        last = 0;
        used = 0;
      }
    },
    finish: () => (used === 0 ? bytes : [...bytes, last << (8 - used)]),
  };
}
