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
const HEADER_BYTES = 8;
const LONGEST_PACKET_BITS = 3 + LENGTH_BITS[3] + WORD_BITS;
/** More than any browser can paint. */
const MAX_VALUES = 2 ** 31;

/** A mask as Label Studio's `rle` of brush labels. */
export function encodeLabelStudioRle({ data }: BinaryMask): number[] {
  const runs = runsOf(data);
  return Array.from(packed.subarray(0, packRuns(runs)));
}

/**
 * The same of a mask's runs row by row over the whole image, the first of background, as `rowMajorRuns` gives them, and as the items of a
 * JSON list: `0,0,0,16,57`. Ten million bytes a second as a list of numbers is what an export would spend its time on.
 */
export function labelStudioRunsText(runs: ArrayLike<number>): string {
  const length = packRuns(runs);
  if (text.length < 4 * length) text = Buffer.alloc(8 * length);
  let used = 0;
  for (let at = 0; at < length; at++) {
    const item = 4 * packed[at]!;
    const characters = ITEM_LENGTHS[packed[at]!]!;
    for (let character = 0; character < characters; character++) {
      text[used++] = ITEM_TEXTS[item + character]!;
    }
  }
  return text.toString('latin1', 0, used - 1);
}

// Kept from call to call: fresh ones would cost more than what is written into them.
let packed = new Uint8Array(1 << 12);
let text = Buffer.alloc(1 << 14);

/** `0,` to `255,`, four characters each. */
const ITEM_TEXTS = new Uint8Array(4 * 256);
const ITEM_LENGTHS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const item = Buffer.from(`${byte},`);
  ITEM_TEXTS.set(item, 4 * byte);
  return item.length;
});

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
  const room = HEADER_BYTES + Math.ceil((packets * LONGEST_PACKET_BITS) / 8);
  if (packed.length < room) packed = new Uint8Array(2 * room);
  let used = 0;
  // Whole bytes leave at once: what is pending has fewer than 8 bits, and with the next up to 24 it fits 32.
  let pending = 0;
  let held = 0;
  const write = (value: number, bits: number): void => {
    pending = (pending << bits) | value;
    held += bits;
    while (held >= 8) {
      held -= 8;
      packed[used++] = pending >>> held;
      pending &= (1 << held) - 1;
    }
  };
  const values = pixels * CHANNELS;
  write(Math.floor(values / 2 ** 16), 16);
  write(values % 2 ** 16, 16);
  write(WORD_BITS - 1, 5);
  for (const width of LENGTH_BITS) write(width - 1, 4);
  for (let run = 0; run < runs.length; run++) {
    for (let left = runs[run]! * CHANNELS; left > 0; left -= LONGEST) {
      const part = left < LONGEST ? left : LONGEST;
      const size = part <= 8 ? 0 : part <= 16 ? 1 : part <= 256 ? 2 : 3;
      const width = LENGTH_BITS[size];
      // "Run", which width and the length - 1; then the value.
      write(((4 | size) << width) | (part - 1), 3 + width);
      write(run % 2 === 0 ? 0 : ON, WORD_BITS);
    }
  }
  if (held > 0) packed[used++] = pending << (8 - held);
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
