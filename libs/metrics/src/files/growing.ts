/** A column of float64 values that grows by half its size when it is full. */
export class NumberColumn {
  values: Float64Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1024) {
    this.values = new Float64Array(capacity);
  }

  /** Room for `count` more values; returns the position of the first. */
  extend(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.values.length) {
      const larger = new Float64Array(Math.max(this.length, Math.ceil(1.5 * this.values.length)));
      larger.set(this.values);
      this.values = larger;
    }
    return at;
  }

  push(value: number): void {
    const at = this.extend(1); // may replace `values`
    this.values[at] = value;
  }
}

/** A column of int32 values, as {@link NumberColumn}. */
export class IndexColumn {
  values: Int32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1024) {
    this.values = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Int32Array(Math.ceil(1.5 * this.values.length));
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }
}

const BLOCK_BYTES = 8 << 20;

/** Short byte strings, appended to large blocks so that none is ever copied to grow. */
export class ByteStore {
  private readonly blocks: Buffer[] = [];
  private used = BLOCK_BYTES;
  /** Block, start and length of string i at `3 * i`. */
  private readonly places = new IndexColumn();

  /** Stores an ASCII text; false, and nothing stored, for any other. */
  push(text: string): boolean {
    if (this.used + text.length + 4 > BLOCK_BYTES) {
      this.blocks.push(Buffer.allocUnsafe(Math.max(BLOCK_BYTES, text.length + 4)));
      this.used = 0;
    }
    const block = this.blocks.length - 1;
    // UTF-8 needs more than one byte for everything else, and so does not fill the place exactly.
    const written = this.blocks[block]!.write(text, this.used, text.length + 4, 'utf8');
    if (written !== text.length) return false;
    this.places.push(block);
    this.places.push(this.used);
    this.places.push(text.length);
    this.used += text.length;
    return true;
  }

  at(index: number): { bytes: Uint8Array; start: number; end: number } {
    const start = this.places.values[3 * index + 1]!;
    return {
      bytes: this.blocks[this.places.values[3 * index]!]!,
      start,
      end: start + this.places.values[3 * index + 2]!,
    };
  }
}
