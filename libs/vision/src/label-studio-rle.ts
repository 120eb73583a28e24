import { invalidArgument } from '@cassl/errors';
import type { BinaryMask } from './types.ts';

/*
 * Label Studio's brush format (thi.ng/rle-pack over RGBA bytes): 32 bits of length, 5 bits of word size − 1, four times 4 bits of a
 * run-length width − 1, then packets: 1 bit "run or literals", 2 bits which width, that many bits of length − 1, and one word for
 * a run, or a word each. Row by row, four equal bytes a pixel; only the fourth (alpha) counts for readers.
 */
const CHANNELS = 4;
const WORD_BITS = 8;
const LENGTH_BITS = [3, 4, 8, 16] as const;
const ON = 255;
const LONGEST = 2 ** LENGTH_BITS[3];
/** Word size and the four widths, in the highest bits of 32. */
const FORMAT_BITS = 21;
const FORMAT =
  LENGTH_BITS.reduce((bits, width) => (bits << 4) | (width - 1), WORD_BITS - 1) * 2 ** (32 - FORMAT_BITS);
const HEADER_BYTES = 8;
/** Bytes that a write of four may have behind the last one. */
const WRITTEN_AHEAD = 4;
const LONGEST_PACKET_BITS = 3 + LENGTH_BITS[3] + WORD_BITS;
/** More than any browser can paint. */
const MAX_VALUES = 2 ** 31;

/** A mask as Label Studio's `rle` of brush labels. */
export function encodeLabelStudioRle({ data }: BinaryMask): number[] {
  const runs = runsOf(data);
  return Array.from(labelStudioRle(runs));
}

/**
 * The same of a mask's runs row by row over the whole image, the first of background, as `rowMajorRuns` gives them. The answer is overwritten by
 * the next call.
 */
export function labelStudioRle(runs: ArrayLike<number>): Uint8Array {
  const length = packRuns(runs);
  return packed.subarray(0, length);
}

// Kept from call to call: a fresh one would cost more than what is written into it.
let packed = new Uint8Array(1 << 12);

function runsOf(pixels: Uint8Array): number[] {
  const runs: number[] = [];
  for (let [start, value] = [0, 0]; start < pixels.length; value = 1 - value) {
    let end = start;
    while (end < pixels.length && (pixels[end] === 0 ? 0 : 1) === value) end++;
    runs.push(end - start);
    start = end;
  }
  return runs;
}

/** Writes the brush to `packed` and returns its length. */
function packRuns(runs: ArrayLike<number>): number {
  let pixels = 0;
  let packets = 0;
  for (let run = 0; run < runs.length; run++) {
    pixels += runs[run]!;
    packets += Math.ceil((runs[run]! * CHANNELS) / LONGEST);
  }
  const room = HEADER_BYTES + Math.ceil((packets * LONGEST_PACKET_BITS) / 8) + WRITTEN_AHEAD;
  if (packed.length < room) packed = new Uint8Array(2 * room);
  const target = new DataView(packed.buffer);
  target.setUint32(0, pixels * CHANNELS);
  target.setUint32(4, FORMAT);
  // The format has 21 bits: 5 are pending. Fewer than 8 always are, and with the next up to 19 they fit 32.
  let used = HEADER_BYTES - 2;
  let held = FORMAT_BITS % 8;
  let pending = (FORMAT >>> (32 - FORMAT_BITS)) & ((1 << held) - 1);
  for (let run = 0; run < runs.length; run++) {
    const value = run % 2 === 0 ? 0 : ON;
    for (let left = runs[run]! * CHANNELS; left > 0; left -= LONGEST) {
      const part = left < LONGEST ? left : LONGEST;
      const size = part <= 8 ? 0 : part <= 16 ? 1 : part <= 256 ? 2 : 3;
      const width = LENGTH_BITS[size];
      // "Run", which width and the length - 1; then the value.
      pending = (pending << (3 + width)) | ((4 | size) << width) | (part - 1);
      held += 3 + width;
      // Four bytes at once: those that are not full yet are overwritten by the next.
      target.setUint32(used, pending << (32 - held));
      used += held >>> 3;
      held &= 7;
      target.setUint8(used++, (pending << (8 - held)) | (value >>> held));
      pending = value & ((1 << held) - 1);
    }
  }
  if (held > 0) target.setUint8(used++, pending << (8 - held));
  return used;
}

/**
 * The mask of a Label Studio `rle`: pixels whose alpha is not 0.
 * @throws INVALID_ARGUMENT where it ends too early or has another size
 */
export function decodeLabelStudioRle(rle: ArrayLike<number>, height: number, width: number): BinaryMask {
  const bits = bitReader(rle);
  const values = bits.read(32);
  if (values !== height * width * CHANNELS || values > MAX_VALUES)
    throw invalidArgument(
      `the brush has ${values} values, but its size is ${height} x ${width} x ${CHANNELS} = ${height * width * CHANNELS}`,
    );
  const wordBits = bits.read(5) + 1;
  const lengthBits = [0, 0, 0, 0].map(() => bits.read(4) + 1);
  const data = new Uint8Array(height * width);
  for (let at = 0; at < values;) {
    const isRun = bits.read(1) === 1;
    const end = Math.min(values, at + bits.read(lengthBits[bits.read(2)]!) + 1);
    if (isRun) fill(data, at, end, bits.read(wordBits));
    else for (let one = at; one < end; one++) fill(data, one, one + 1, bits.read(wordBits));
    at = end;
  }
  return { width, height, data };
}

/** Sets the pixels whose alpha lies in values [start, end). */
function fill(data: Uint8Array, start: number, end: number, value: number): void {
  if (value === 0) return;
  const alpha = CHANNELS - 1;
  data.fill(1, Math.ceil((start - alpha) / CHANNELS), Math.floor((end - 1 - alpha) / CHANNELS) + 1);
}

function bitReader(bytes: ArrayLike<number>): { read(bits: number): number } {
  let at = 0;
  return {
    read(bits) {
      if (at + bits > bytes.length * 8)
        throw invalidArgument(`the brush ends after ${bytes.length} bytes, in the middle of its runs`);
      let value = 0;
      for (const end = at + bits; at < end; at++)
        value = value * 2 + ((bytes[at >> 3]! >> (7 - (at & 7))) & 1);
      return value;
    },
  };
}
