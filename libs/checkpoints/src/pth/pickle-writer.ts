import { elementCount } from '../host-tensor.ts';
import type { LazyState, LazyTensor } from '../lazy-tensor.ts';
import { OP, PickleBytes } from './pickle-bytes.ts';
import { storageOfDtype } from './storage-types.ts';

/** What stands around the tensors, as some trainers and loaders have it. */
export interface Wrapping {
  /** Puts the tensors under a key of an outer dict: `model` for the official Swin code and detectron2. */
  readonly wrap?: string | undefined;
  /** Further entries of the outer dict, for example detectron2's `matching_heuristics`. */
  readonly beside?: Readonly<Record<string, string | boolean>> | undefined;
}

/**
 * The pickle of an OrderedDict of tensors whose bytes lie in entries `data/0`, `data/1`, … in the state's order.
 * It names three things only: OrderedDict, torch's tensor builder and torch's storage types.
 */
export function pickleState(state: LazyState, { wrap, beside = {} }: Wrapping = {}): Uint8Array {
  const out = new PickleBytes(2);
  if (wrap !== undefined) {
    out.op(OP.EMPTY_DICT, OP.MARK);
    out.text(wrap);
  }
  emptyOrderedDict(out);
  out.op(OP.MARK);
  let storage = 0;
  for (const [name, tensor] of state) {
    out.text(name);
    pickleTensor(out, name, tensor, storage++);
  }
  out.op(OP.SETITEMS);
  if (wrap !== undefined) {
    out.entries(beside);
    out.op(OP.SETITEMS);
  }
  out.op(OP.STOP);
  return out.bytes();
}

function emptyOrderedDict(out: PickleBytes): void {
  out.global('collections', 'OrderedDict');
  out.op(OP.EMPTY_TUPLE, OP.REDUCE);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)` */
function pickleTensor(out: PickleBytes, name: string, { dtype, shape }: LazyTensor, storage: number): void {
  out.global('torch._utils', '_rebuild_tensor_v2');
  out.op(OP.MARK);
  out.op(OP.MARK);
  out.text('storage');
  out.global('torch', storageOfDtype(dtype, name));
  out.text(`${storage}`);
  out.text('cpu');
  out.integer(elementCount(shape));
  out.op(OP.TUPLE, OP.BINPERSID);
  out.integer(0);
  out.integers(shape);
  out.integers(contiguousStrides(shape));
  out.op(OP.NEWFALSE);
  emptyOrderedDict(out);
  out.op(OP.TUPLE, OP.REDUCE);
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
