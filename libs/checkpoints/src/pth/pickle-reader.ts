import { pthError } from './refusal.ts';

/** What a pickle is allowed to name: see `resolveGlobal`. */
export interface Constructor {
  readonly name: string;
  /** Makes a value from constant arguments. */
  call(args: readonly unknown[]): unknown;
  /** Python makes it without its constructor too (`NEWOBJ`). */
  readonly isMadeBare?: boolean;
}

export interface PickleHooks {
  /** Gives the meaning of `module.name`, or throws: nothing that a file names is ever looked up anywhere else. */
  resolveGlobal(module: string, name: string): unknown;
  /** PyTorch's reference to a storage. */
  persistentLoad?(id: readonly unknown[]): unknown;
}

/** Objects that accept a state after they are made (`BUILD`). */
export interface Buildable {
  setState(state: unknown): void;
}

/** Marks where the arguments of the next opcode begin. */
const MARK = Symbol('mark');

/**
 * Interprets one pickle as data. Only opcodes that make constants and containers, and calls to what `resolveGlobal`
 * gives, are known; any other is refused. Nothing is imported, evaluated or executed.
 * @returns the value and the position after the pickle
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  hooks: PickleHooks,
): { value: unknown; end: number } {
  return new PickleMachine(bytes, start, hooks).run();
}

class PickleMachine {
  readonly #bytes: Buffer;
  readonly #hooks: PickleHooks;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #position: number;

  constructor(bytes: Uint8Array, start: number, hooks: PickleHooks) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#hooks = hooks;
  }

  run(): { value: unknown; end: number } {
    for (;;) {
      const at = this.#position;
      const code = this.#take(1)[0]!;
      if (code === 0x2e) return { value: this.#pop(), end: this.#position };
      if (!(this.#constant(code) || this.#container(code) || this.#reference(code))) {
        throw pthError(
          `its pickle has the opcode 0x${code.toString(16)} at byte ${at}, which tensors never need`,
        );
      }
    }
  }

  #constant(code: number): boolean {
    switch (code) {
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4a: // BININT
        return this.#push(this.#take(4).readInt32LE());
      case 0x4b: // BININT1
        return this.#push(this.#take(1)[0]!);
      case 0x4d: // BININT2
        return this.#push(this.#take(2).readUInt16LE());
      case 0x8a: // LONG1
        return this.#push(littleEndianInteger(this.#take(this.#take(1)[0]!)));
      case 0x47: // BINFLOAT
        return this.#push(this.#take(8).readDoubleBE());
      case 0x58: // BINUNICODE
        return this.#push(this.#take(this.#length(4)).toString('utf8'));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#take(this.#length(1)).toString('utf8'));
      case 0x42: // BINBYTES
        return this.#push(new Uint8Array(this.#take(this.#length(4))));
      case 0x43: // SHORT_BINBYTES
        return this.#push(new Uint8Array(this.#take(this.#length(1))));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.#push(new Uint8Array(this.#take(this.#length(8))));
      case 0x54: // BINSTRING, of Python 2: bytes that may be text
        return this.#push(this.#take(this.#length(4)).toString('latin1'));
      case 0x55: // SHORT_BINSTRING
        return this.#push(this.#take(this.#length(1)).toString('latin1'));
      default:
        return false;
    }
  }

  #container(code: number): boolean {
    switch (code) {
      case 0x28: // MARK
        return this.#push(MARK);
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return this.#push([]);
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map());
      case 0x74: // TUPLE
        return this.#push(this.#popToMark());
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        return this.#push(this.#popMany(code - 0x84));
      case 0x61: // APPEND
        return this.#append(this.#popMany(1));
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      default:
        return false;
    }
  }

  #reference(code: number): boolean {
    switch (code) {
      case 0x80: // PROTO
        this.#take(1);
        return true;
      case 0x95: // FRAME
        this.#take(8);
        return true;
      case 0x71: // BINPUT
        return this.#remember(this.#length(1));
      case 0x72: // LONG_BINPUT
        return this.#remember(this.#length(4));
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size);
      case 0x68: // BINGET
        return this.#recall(this.#length(1));
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#length(4));
      case 0x63: // GLOBAL
        return this.#push(this.#hooks.resolveGlobal(this.#line(), this.#line()));
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string')
          throw pthError('its pickle names a global by something that is not text');
        return this.#push(this.#hooks.resolveGlobal(module, name));
      }
      case 0x51: // BINPERSID
        return this.#persistent();
      case 0x52: // REDUCE
        return this.#reduce();
      case 0x81: // NEWOBJ
        return this.#makeBare();
      case 0x62: // BUILD
        return this.#build();
      default:
        return false;
    }
  }

  #persistent(): boolean {
    const id = this.#pop();
    if (!Array.isArray(id) || this.#hooks.persistentLoad === undefined) {
      throw pthError('its pickle has a persistent id where none belongs');
    }
    return this.#push(this.#hooks.persistentLoad(id));
  }

  #reduce(): boolean {
    const [callee, args] = this.#popMany(2);
    if (!isConstructor(callee) || !Array.isArray(args))
      throw pthError('its pickle calls something that is not a constructor');
    return this.#push(callee.call(args));
  }

  #makeBare(): boolean {
    const [made, args] = this.#popMany(2);
    if (!isConstructor(made) || made.isMadeBare !== true || !Array.isArray(args))
      throw pthError('its pickle makes an object (opcode 0x81) of something that is not settings');
    return this.#push(made.call(args));
  }

  /** The attributes of a state dict (`_metadata`) carry no weights: they are dropped. */
  #build(): boolean {
    const state = this.#pop();
    const target = this.#stack.at(-1);
    if (target instanceof Map) return true;
    if (typeof target !== 'object' || target === null || !('setState' in target)) {
      throw pthError('its pickle sets attributes of something that is not a dict or an array');
    }
    (target as Buildable).setState(state);
    return true;
  }

  #append(items: unknown[]): boolean {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw pthError('its pickle appends to something that is not a list');
    for (const item of items) list.push(item);
    return true;
  }

  #setItems(items: unknown[]): boolean {
    const dict = this.#stack.at(-1);
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      throw pthError('its pickle fills something that is not a dict');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
    return true;
  }

  #remember(slot: number): boolean {
    this.#memo.set(slot, this.#stack.at(-1));
    return true;
  }

  #recall(slot: number): boolean {
    if (!this.#memo.has(slot)) throw pthError(`its pickle recalls slot ${slot}, which was never filled`);
    return this.#push(this.#memo.get(slot));
  }

  #push(value: unknown): true {
    this.#stack.push(value);
    return true;
  }

  #pop(): unknown {
    return this.#popMany(1)[0];
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length < count || this.#stack.slice(-count).includes(MARK))
      throw pthError('its pickle is damaged');
    return this.#stack.splice(-count);
  }

  #popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw pthError('its pickle is damaged');
    return this.#stack.splice(mark).slice(1);
  }

  #length(bytes: 1 | 4 | 8): number {
    const field = this.#take(bytes);
    return bytes === 8 ? Number(field.readBigUInt64LE()) : field.readUIntLE(0, bytes);
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw pthError('its pickle ends in the middle of a name');
    const text = this.#bytes.toString('utf8', this.#position, end);
    this.#position = end + 1;
    return text;
  }

  #take(count: number): Buffer {
    const end = this.#position + count;
    if (end > this.#bytes.byteLength)
      throw pthError(`its pickle ends at byte ${this.#bytes.byteLength}, in the middle`);
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }
}

function isConstructor(value: unknown): value is Constructor {
  return typeof value === 'object' && value !== null && 'call' in value && typeof value.call === 'function';
}

function littleEndianInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (const [index, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * index);
  const signed = BigInt.asIntN(8 * bytes.byteLength, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}
