import { lazyBytes, type LazyTensor } from './lazy-tensor.ts';

/** Consecutive bytes of a planned file: known ones, or a tensor's. */
export type FilePiece = Uint8Array | LazyTensor;

export function pieceBytes(piece: FilePiece): number {
  return piece instanceof Uint8Array ? piece.byteLength : lazyBytes(piece);
}

/** The bytes of a piece whose tensor is in memory. */
export function pieceContent(piece: FilePiece): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  const { origin, change } = piece;
  if (!(origin instanceof Uint8Array)) throw new TypeError('this piece is in a file, not in memory');
  return change === undefined ? origin : change(origin);
}
