import { unimplemented } from '@cassl/errors';
import type { Dtype } from '../dtype.ts';
import type { FilePiece } from '../file-piece.ts';
import { lazyBytes, type LazyState, type LazyTensor } from '../lazy-tensor.ts';
import { OP, PickleBytes } from './pickle-bytes.ts';

/** numpy's type codes of what a weight can be. */
const CODES: Partial<Record<Dtype, string>> = { F16: 'f2', F32: 'f4', F64: 'f8', I32: 'i4', I64: 'i8' };
const MAX_BYTES = 2 ** 32 - 1;

/**
 * detectron2's model zoo format: one pickle `{"model": {name: ndarray}, "__author__": …, "matching_heuristics": True}`,
 * of data only. With the author "Caffe2" detectron2 translates Caffe2's names.
 */
export function pklPieces(state: LazyState, author: string): FilePiece[] {
  const out = new PickleBytes(3);
  const pieces: FilePiece[] = [];
  out.op(OP.EMPTY_DICT, OP.MARK);
  out.text('model');
  out.op(OP.EMPTY_DICT, OP.MARK);
  for (const [name, tensor] of state) {
    out.text(name);
    beginArray(out, name, tensor);
    pieces.push(out.take(), tensor);
    out.op(OP.TUPLE, OP.BUILD);
  }
  out.op(OP.SETITEMS);
  out.entries({ __author__: author, matching_heuristics: true });
  out.op(OP.SETITEMS, OP.STOP);
  return [...pieces, out.take()];
}

/** `_reconstruct(ndarray, (0,), b"b")`, then its state `(1, shape, dtype, is_fortran, bytes)` up to the bytes. */
function beginArray(out: PickleBytes, name: string, tensor: LazyTensor): void {
  const code = CODES[tensor.dtype];
  const size = lazyBytes(tensor);
  if (code === undefined) throw unimplemented(`tensor ${name} is ${tensor.dtype}, which a .pkl cannot hold`);
  if (size > MAX_BYTES) throw unimplemented(`${name} has ${size} bytes; the limit is 4 GiB`);
  // numpy 2 still answers to the old module's name, numpy 1 not to the new one's.
  out.global('numpy.core.multiarray', '_reconstruct');
  out.op(OP.MARK);
  out.global('numpy', 'ndarray');
  out.integers([0]);
  out.shortBytes('b');
  out.op(OP.TUPLE, OP.REDUCE, OP.MARK);
  out.integer(1);
  out.integers(tensor.shape);
  numpyType(out, code);
  out.op(OP.NEWFALSE);
  out.bytesHeader(size);
}

/** `dtype(code, False, True)` with the state of plain little-endian numbers. */
function numpyType(out: PickleBytes, code: string): void {
  out.global('numpy', 'dtype');
  out.op(OP.MARK);
  out.text(code);
  out.op(OP.NEWFALSE, OP.NEWTRUE, OP.TUPLE, OP.REDUCE, OP.MARK);
  out.integer(3);
  out.text('<');
  out.op(OP.NONE, OP.NONE, OP.NONE);
  out.integer(-1);
  out.integer(-1);
  out.integer(0);
  out.op(OP.TUPLE, OP.BUILD);
}
