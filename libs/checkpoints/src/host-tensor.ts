import { invalidArgument } from '@cassl/errors';
import { DTYPE_BITS, type Dtype } from './dtype.ts';

/** A tensor in host memory: row-major, little-endian, in PyTorch layout (conv [O,I,kh,kw], linear [out,in]). */
export interface HostTensor {
  readonly dtype: Dtype;
  /** `[]` is a scalar; a dimension may be 0. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Named tensors, as PyTorch's `state_dict()` gives them. */
export type StateDict = Map<string, HostTensor>;

/** The number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes that a tensor's data must have. */
export function byteLength(dtype: Dtype, shape: readonly number[]): number {
  return (elementCount(shape) * DTYPE_BITS[dtype]) / 8;
}

/** Wraps (does not copy) values as a float32 tensor. */
export function float32Tensor(shape: readonly number[], values: Float32Array): HostTensor {
  return checked('F32', shape, values);
}

/** Wraps (does not copy) values as an int64 tensor. */
export function int64Tensor(shape: readonly number[], values: BigInt64Array): HostTensor {
  return checked('I64', shape, values);
}

function checked(dtype: Dtype, shape: readonly number[], values: ArrayBufferView): HostTensor {
  const wanted = byteLength(dtype, shape);
  if (values.byteLength !== wanted) {
    throw invalidArgument(
      `a ${dtype} tensor of shape [${shape.join(', ')}] needs ${wanted} bytes, got ${values.byteLength}`,
    );
  }
  return { dtype, shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/**
 * The values as float32: a view where the tensor is aligned F32, otherwise a converted copy (F16, BF16, F64).
 * @throws INVALID_ARGUMENT for a type that is not floating point, naming `name`
 */
export function toFloat32(tensor: HostTensor, name = 'tensor'): Float32Array {
  const { dtype } = tensor;
  switch (dtype) {
    case 'F32':
      return new Float32Array(...alignedView(tensor.data, 4));
    case 'F64':
      return Float32Array.from(new Float64Array(...alignedView(tensor.data, 8)));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(...alignedView(tensor.data, 2)));
    case 'F16':
      return float16ToFloat32(new Uint16Array(...alignedView(tensor.data, 2)));
    default:
      throw invalidArgument(`${name} is ${dtype}; a floating point tensor (F32, F16, BF16, F64) is needed`);
  }
}

/** A typed array may only start at a multiple of its element size: copies when the bytes do not. */
function alignedView(data: Uint8Array, elementBytes: number): [ArrayBuffer, number, number] {
  const aligned = data.byteOffset % elementBytes === 0 ? data : data.slice();
  return [aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / elementBytes];
}

/** bfloat16 is the upper half of a float32. */
function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** IEEE 754 half: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function float16ToFloat32(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) values[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) values[i] = fraction === 0 ? sign * Infinity : NaN;
    else values[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return values;
}
