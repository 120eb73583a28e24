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
/** 2^0 to 2^40: shifts end at 32 bits. */
const POWERS = Array.from({ length: 41 }, (_, bits) => 2 ** bits);
/** More than any browser can paint. */
const MAX_VALUES = 2 ** 31;

/** A mask as Label Studio's `rle` of brush labels. */
export function encodeLabelStudioRle({ data }: BinaryMask): number[] {
  return encodeLabelStudioRuns(runsOf(data));
}

/** The same of a mask's runs row by row over the whole image, the first of background, as `rowMajorRuns` gives them. */
export function encodeLabelStudioRuns(runs: ArrayLike<number>): number[] {
  let pixels = 0;
  for (let run = 0; run < runs.length; run++) pixels += runs[run]!;
  const bits = bitWriter();
  bits.write(pixels * CHANNELS, 32);
  bits.write(WORD_BITS - 1, 5);
  for (const width of LENGTH_BITS) bits.write(width - 1, 4);
  for (let run = 0; run < runs.length; run++) {
    writeRun(bits, runs[run]! * CHANNELS, run % 2 === 0 ? 0 : ON);
  }
  return bits.end();
}

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

function writeRun(bits: BitWriter, length: number, value: number): void {
  for (let left = length; left > 0; left -= LONGEST) {
    const part = left < LONGEST ? left : LONGEST;
    const size = part <= 8 ? 0 : part <= 16 ? 1 : part <= 256 ? 2 : 3;
    const width = LENGTH_BITS[size];
    // "Run", which width, the length - 1 and the value.
    bits.write((((4 | size) << width) | (part - 1)) * POWERS[WORD_BITS]! + value, 3 + width + WORD_BITS);
  }
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

interface BitWriter {
  write(value: number, bits: number): void;
  end(): number[];
}

/** At most 32 bits a call. */
function bitWriter(): BitWriter {
  const bytes: number[] = [];
  // Whole bytes leave at once: what is pending has fewer than 8 bits.
  let pending = 0;
  let held = 0;
  return {
    write(value, bits) {
      pending = pending * POWERS[bits]! + value;
      held += bits;
      while (held >= 8) {
        held -= 8;
        const unit = POWERS[held]!;
        const byte = Math.trunc(pending / unit);
        bytes.push(byte);
        pending -= byte * unit;
      }
    },
    end() {
      if (held > 0) bytes.push(pending * POWERS[8 - held]!);
      return bytes;
    },
  };
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
