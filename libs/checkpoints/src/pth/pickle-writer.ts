import { DTYPE_BITS } from '../dtype.ts';
import type { HostTensor, StateDict } from '../host-tensor.ts';
import { storageOfDtype } from './storage-types.ts';

// The opcodes that a state dict needs, of protocol 2 (Lib/pickletools.py documents each).
const PROTO_2 = [0x80, 2];
const MARK = 0x28;
const EMPTY_DICT = 0x7d;
const SETITEMS = 0x75;
const EMPTY_TUPLE = 0x29;
const TUPLE = 0x74;
const REDUCE = 0x52;
const BINPERSID = 0x51;
const NEWFALSE = 0x89;
const STOP = 0x2e;
const BININT = 0x4a;
const LONG1 = 0x8a;
const BINUNICODE = 0x58;

/**
 * The pickle of an OrderedDict of tensors whose bytes lie in entries `data/0`, `data/1`, … in the state's order.
 * It names three things only: OrderedDict, torch's tensor builder and torch's storage types.
 * @param wrap puts the dict under this key of an outer dict, as some trainers do
 */
export function pickleState(state: StateDict, wrap?: string): Uint8Array {
  const out = new PickleBytes();
  out.op(...PROTO_2);
  if (wrap !== undefined) {
    out.op(EMPTY_DICT, MARK);
    out.text(wrap);
  }
  emptyOrderedDict(out);
  out.op(MARK);
  let storage = 0;
  for (const [name, tensor] of state) {
    out.text(name);
    pickleTensor(out, name, tensor, storage++);
  }
  out.op(SETITEMS);
  if (wrap !== undefined) out.op(SETITEMS);
  out.op(STOP);
  return out.bytes();
}

function emptyOrderedDict(out: PickleBytes): void {
  out.global('collections', 'OrderedDict');
  out.op(EMPTY_TUPLE, REDUCE);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)` */
function pickleTensor(
  out: PickleBytes,
  name: string,
  { dtype, shape, data }: HostTensor,
  storage: number,
): void {
  out.global('torch._utils', '_rebuild_tensor_v2');
  out.op(MARK);
  out.op(MARK);
  out.text('storage');
  out.global('torch', storageOfDtype(dtype, name));
  out.text(`${storage}`);
  out.text('cpu');
  out.integer((data.byteLength * 8) / DTYPE_BITS[dtype]);
  out.op(TUPLE, BINPERSID);
  out.integer(0);
  out.integers(shape);
  out.integers(contiguousStrides(shape));
  out.op(NEWFALSE);
  emptyOrderedDict(out);
  out.op(TUPLE, REDUCE);
}

/** Elements between neighbours along each axis, row-major. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= Math.max(1, shape[axis]!);
  }
  return strides;
}

class PickleBytes {
  readonly #parts: Uint8Array[] = [];

  op(...codes: number[]): void {
    this.#parts.push(Uint8Array.from(codes));
  }

  text(value: string): void {
    const utf8 = Buffer.from(value);
    const header = Buffer.alloc(5);
    header[0] = BINUNICODE;
    header.writeUInt32LE(utf8.byteLength, 1);
    this.#parts.push(header, utf8);
  }

  global(module: string, name: string): void {
    this.#parts.push(Buffer.from(`c${module}\n${name}\n`));
  }

  integers(values: readonly number[]): void {
    this.op(MARK);
    for (const value of values) this.integer(value);
    this.op(TUPLE);
  }

  integer(value: number): void {
    const isSmall = value < 2 ** 31;
    const bytes = Buffer.alloc(isSmall ? 5 : 10);
    bytes[0] = isSmall ? BININT : LONG1;
    if (isSmall) {
      bytes.writeInt32LE(value, 1);
    } else {
      bytes[1] = 8;
      bytes.writeBigInt64LE(BigInt(value), 2);
    }
    this.#parts.push(bytes);
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}
