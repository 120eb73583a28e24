import { invalidArgument } from '@cassl/errors';
import { assertCoversImage } from './decode-mask.ts';
import { rleArea } from './rle-area.ts';
import type { Rle } from './types.ts';

// The text form of COCO's compressed RLE: groups of 5 bits, low group first, one character `value + 48` each. Bit 5 says
// that more follow, bit 4 of the last group is the sign. From the fourth run on, the number stored is the difference to
// the run two places earlier.

const FIRST_CHARACTER = 48;
const MORE = 0x20;
const SIGN = 0x10;

/** The compressed string that pycocotools writes for these runs, byte for byte. */
export function rleToString({ counts }: Rle): string {
  const bytes = Buffer.allocUnsafe(counts.length * 7);
  let used = 0;
  for (let run = 0; run < counts.length; run++) {
    // Differences of two uint32 need 33 bits, so 32-bit shifts alone would lose the sign.
    let value = run > 2 ? counts[run]! - counts[run - 2]! : counts[run]!;
    for (;;) {
      const group = value & 0x1f;
      value = Math.floor(value / 32);
      const done = (group & SIGN) === 0 ? value === 0 : value === -1;
      bytes[used++] = (done ? group : group | MORE) + FIRST_CHARACTER;
      if (done) break;
    }
  }
  return bytes.toString('latin1', 0, used);
}

/**
 * Reads a compressed RLE string.
 * @throws INVALID_ARGUMENT for a character outside the alphabet, a text that ends inside a number, a negative run or
 *   runs that do not add up to `height * width`.
 */
export function rleFromString(text: string, height: number, width: number): Rle {
  const used = readToScratch(text);
  const rle = { height, width, counts: scratch.counts.slice(0, used) };
  assertCoversImage(rle);
  return rle;
}

// Kept from call to call: a run for each byte, of which a mask has half, would be what exports of a million masks allocate.
let scratch = { bytes: Buffer.alloc(0), counts: new Uint32Array(0) };

function readToScratch(text: string): number {
  // What is not Latin-1 must not become a character that is: three bytes at most for each.
  if (scratch.counts.length < 3 * text.length) {
    const room = 6 * text.length;
    scratch = { bytes: Buffer.alloc(room), counts: new Uint32Array(room) };
  }
  const { bytes, counts } = scratch;
  return readCounts(bytes, 0, bytes.write(text, 'utf8'), counts, 0);
}

/**
 * Pixels of the mask that a compressed string stands for, without keeping its runs.
 * @throws INVALID_ARGUMENT as {@link rleFromString}
 */
export function rleStringArea(text: string, height: number, width: number): number {
  return readRleString(text, height, width, rleArea);
}

/**
 * {@link rleFromString} for who keeps nothing of it: the runs are overwritten when `read` has returned.
 * @throws INVALID_ARGUMENT as {@link rleFromString}
 */
export function readRleString<Result>(
  text: string,
  height: number,
  width: number,
  read: (rle: Rle) => Result,
): Result {
  const used = readToScratch(text);
  const rle = { height, width, counts: scratch.counts.subarray(0, used) };
  assertCoversImage(rle);
  return read(rle);
}

/** Characters from "P" on say that more follow. */
const FIRST_TWO_NUMBERS = /^[P-o]*[0-O][P-o]*[0-O]/;

/**
 * Whether no pixel is set. Most masks tell by their first run of foreground, behind which nothing is looked at.
 * @throws INVALID_ARGUMENT as {@link rleFromString}, for what was looked at
 */
export function isEmptyRleString(text: string, height: number, width: number): boolean {
  const [start] = FIRST_TWO_NUMBERS.exec(text) ?? [];
  if (start !== undefined && readToScratch(start) === 2 && scratch.counts[1]! > 0) return false;
  return rleStringArea(text, height, width) === 0;
}

/**
 * Writes the runs of the compressed string `bytes[start, end)` to `target` from `offset` on and returns where they end.
 * `target` must have room for one run per byte. Does not know the image size: the caller checks the sum.
 * @throws INVALID_ARGUMENT as {@link rleFromString}, except for the sum.
 */
export function readCounts(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint32Array,
  offset: number,
): number {
  let used = offset;
  for (let position = start; position < end;) {
    const first = position;
    let value = 0;
    let shift = 0;
    let code: number;
    do {
      code = position < end ? bytes[position]! - FIRST_CHARACTER : -1;
      if (code < 0 || code > 63) break;
      position++;
      value |= (code & 0x1f) << shift;
      shift += 5;
      // Five groups hold differences below 2^24; what is longer takes the slow way, out of 32-bit integers.
    } while ((code & MORE) !== 0 && shift < 25);
    if (code < 0 || code > 63 || (code & MORE) !== 0) {
      const long = readLongNumber(bytes, first, start, end);
      value = long.value;
      position = long.position;
    } else if ((code & SIGN) !== 0) {
      value |= -1 << shift;
    }
    if (used - offset > 2) value += target[used - 2]!;
    if (value < 0 || value > 0xffffffff) {
      throw invalidArgument(`RLE string has a run of ${value} pixels at character ${position - 1 - start}`);
    }
    target[used++] = value;
  }
  return used;
}

function readLongNumber(
  bytes: Uint8Array,
  first: number,
  start: number,
  end: number,
): { value: number; position: number } {
  let value = 0;
  let scale = 1;
  for (let position = first; ;) {
    const code = position < end ? bytes[position]! - FIRST_CHARACTER : -1;
    // Seven groups hold every difference of two 32-bit runs.
    if (code < 0 || code > 63 || scale > 2 ** 30) throw malformed(bytes, position - start, start, end);
    position++;
    value += (code & 0x1f) * scale;
    scale *= 32;
    if ((code & MORE) === 0) return { value: (code & SIGN) === 0 ? value : value - scale, position };
  }
}

function malformed(bytes: Uint8Array, position: number, start: number, end: number): Error {
  if (start + position >= end)
    return invalidArgument(`RLE string ends inside a number, at character ${position}`);
  const character = JSON.stringify(Buffer.from(bytes.subarray(start, end)).toString('utf8')[position]);
  return invalidArgument(`RLE string has ${character} at character ${position}, which no run can contain`);
}
