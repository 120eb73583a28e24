/** Text as UTF-8, put together in one buffer: as strings it would be copied, joined and encoded, each time as long as the rest of an export. */
export class ByteText {
  #bytes = Buffer.alloc(1 << 16);
  #view = viewOf(this.#bytes);
  #used = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#used;
  }

  clear(): void {
    this.#used = 0;
  }

  add(text: string): void {
    this.#reserve(MOST_BYTES_A_UNIT * text.length);
    this.#used += this.#bytes.write(text, this.#used);
  }

  /** Whole numbers from 0 to 2^32 - 1: `12, 3, 40`. */
  addNumbers(values: ArrayLike<number>, separator: ',' | ', '): void {
    if (values.length === 0) return;
    this.#reserve(LONGEST_ITEM * values.length);
    const target = this.#view;
    const isSpaced = separator === ', ';
    let used = this.#used;
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      if (value >= SHORT) used = writeLong(target, used, value);
      else {
        // All four at once: what a number is shorter by is overwritten. Its length comes from a table too: nobody guesses it right.
        target.setUint32(used, SHORT_TEXTS[value]!);
        used += SHORT_LENGTHS[value]!;
      }
      if (isSpaced) target.setUint8(used++, SPACE);
    }
    this.#used = used - separator.length;
  }

  /** What was added since the last time, in memory of its own. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.#bytes.buffer.slice(0, this.#used));
    this.clear();
    return taken;
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return;
    const grown = Buffer.alloc(2 * (this.#used + more));
    this.#bytes.copy(grown, 0, 0, this.#used);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Of UTF-8, for one unit of UTF-16. */
const MOST_BYTES_A_UNIT = 3;
const COMMA = 0x2c;
const SPACE = 0x20;
/** Ten digits of 32 bits, a comma and a space. */
const LONGEST_ITEM = 12;
/** Numbers below it are written by a table, with the comma behind them: four characters each, the first one in the highest bits. */
const SHORT = 1000;
const SHORT_TEXTS = Uint32Array.from({ length: SHORT }, (_, value) =>
  Buffer.from(`${value},   `).readUInt32BE(),
);
const SHORT_LENGTHS = Uint8Array.from({ length: SHORT }, (_, value) => `${value},`.length);

function writeLong(target: DataView, used: number, value: number): number {
  const digits = String(value);
  for (let at = 0; at < digits.length; at++) target.setUint8(used + at, digits.charCodeAt(at));
  target.setUint8(used + digits.length, COMMA);
  return used + digits.length + 1;
}
