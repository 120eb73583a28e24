import { DTYPE_BITS } from '../dtype.ts';
import { elementCount, type HostTensor } from '../host-tensor.ts';

/** Reorders one axis: element `i` of the result is element `order[i]` of the tensor. Works on bytes, for any dtype. */
export function permuteAxis(tensor: HostTensor, axis: number, order: readonly number[]): HostTensor {
  const { dtype, shape, data } = tensor;
  const outer = elementCount(shape.slice(0, axis));
  const innerBytes = (elementCount(shape.slice(axis + 1)) * DTYPE_BITS[dtype]) / 8;
  const permuted = new Uint8Array(data.byteLength);
  for (let block = 0; block < outer; block++) {
    const base = block * order.length * innerBytes;
    for (const [to, from] of order.entries()) {
      const start = base + from * innerBytes;
      permuted.set(data.subarray(start, start + innerBytes), base + to * innerBytes);
    }
  }
  return { dtype, shape, data: permuted };
}

/** The order that takes a permuted axis back. */
export function inverseOrder(order: readonly number[]): number[] {
  const inverse = new Array<number>(order.length);
  for (const [to, from] of order.entries()) inverse[from] = to;
  return inverse;
}
