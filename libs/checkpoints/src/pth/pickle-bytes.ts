/** The opcodes that state dicts need (Lib/pickletools.py documents each). */
export const OP = {
  PROTO: 0x80,
  MARK: 0x28,
  EMPTY_DICT: 0x7d,
  SETITEMS: 0x75,
  EMPTY_TUPLE: 0x29,
  TUPLE: 0x74,
  REDUCE: 0x52,
  BUILD: 0x62,
  BINPERSID: 0x51,
  NONE: 0x4e,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  STOP: 0x2e,
  BININT: 0x4a,
  LONG1: 0x8a,
  BINUNICODE: 0x58,
  BINBYTES: 0x42,
} as const;

/** Pickle opcodes piece by piece. */
export class PickleBytes {
  readonly #parts: Uint8Array[] = [];

  constructor(protocol: 2 | 3) {
    this.op(OP.PROTO, protocol);
  }

  op(...codes: number[]): void {
    this.#parts.push(Uint8Array.from(codes));
  }

  text(value: string): void {
    const utf8 = Buffer.from(value);
    const header = Buffer.alloc(5);
    header[0] = OP.BINUNICODE;
    header.writeUInt32LE(utf8.byteLength, 1);
    this.#parts.push(header, utf8);
  }

  global(module: string, name: string): void {
    this.#parts.push(Buffer.from(`c${module}\n${name}\n`));
  }

  integers(values: readonly number[]): void {
    this.op(OP.MARK);
    for (const value of values) this.integer(value);
    this.op(OP.TUPLE);
  }

  integer(value: number): void {
    const isSmall = value < 2 ** 31;
    const bytes = Buffer.alloc(isSmall ? 5 : 10);
    bytes[0] = isSmall ? OP.BININT : OP.LONG1;
    if (isSmall) {
      bytes.writeInt32LE(value, 1);
    } else {
      bytes[1] = 8;
      bytes.writeBigInt64LE(BigInt(value), 2);
    }
    this.#parts.push(bytes);
  }

  /** Keys and constants, for the SETITEMS that follows. */
  entries(values: Readonly<Record<string, string | boolean>>): void {
    for (const [key, value] of Object.entries(values)) {
      this.text(key);
      if (typeof value === 'string') this.text(value);
      else this.op(value ? OP.NEWTRUE : OP.NEWFALSE);
    }
  }

  shortBytes(text: string): void {
    this.bytesHeader(text.length);
    this.#parts.push(Buffer.from(text, 'latin1'));
  }

  /** Opcode and length of bytes that follow elsewhere. */
  bytesHeader(sizeBytes: number): void {
    const header = Buffer.alloc(5);
    header[0] = OP.BINBYTES;
    header.writeUInt32LE(sizeBytes, 1);
    this.#parts.push(header);
  }

  /** What was written since the last call. */
  take(): Uint8Array {
    const taken = this.bytes();
    this.#parts.length = 0;
    return taken;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}
