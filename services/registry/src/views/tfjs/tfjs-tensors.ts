import { toFloat32, type HostTensor, type LazyState, type LazyTensor } from '@cassl/checkpoints';

/** One entry of TensorFlow.js's weight manifest. */
export interface TfjsWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

export interface TfjsTensor {
  readonly spec: TfjsWeight;
  readonly tensor: LazyTensor;
}

const FLOATS = new Set(['F32', 'F16', 'BF16', 'F64']);

/** The tensors in TensorFlow's layouts: convolutions [kh, kw, I, O], matrices [in, out]; all numbers as float32. */
export function tfjsTensors(state: LazyState): TfjsTensor[] {
  return [...state].flatMap(([name, tensor]) => {
    if (!FLOATS.has(tensor.dtype)) return [];
    const axes = axesOf(name, tensor.shape);
    const shape = axes.map((axis) => tensor.shape[axis] ?? 1);
    const isSame = tensor.dtype === 'F32' && axes.every((axis, index) => axis === index);
    const laidOut: LazyTensor = isSame
      ? tensor
      : { dtype: 'F32', shape, origin: tensor.origin, change: (bytes) => transposed(tensor, bytes, axes) };
    return [{ spec: { name, shape, dtype: 'float32' }, tensor: laidOut }];
  });
}

function axesOf(name: string, shape: readonly number[]): number[] {
  if (shape.length === 4) return [2, 3, 1, 0];
  if (shape.length === 2 && name.endsWith('.weight')) return [1, 0];
  return shape.map((_, axis) => axis);
}

function transposed({ dtype, shape }: LazyTensor, bytes: Uint8Array, axes: readonly number[]): Uint8Array {
  const tensor: HostTensor = { dtype, shape, data: bytes };
  const source = toFloat32(tensor);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = axes.map((axis) => shape[axis] ?? 1);
  const steps = axes.map((axis) => strides[axis] ?? 1);
  const target = new Float32Array(source.length);
  const index = new Array<number>(sizes.length).fill(0);
  let from = 0;
  for (let to = 0; to < target.length; to++) {
    target[to] = source[from] ?? 0;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      from += steps[axis] ?? 0;
      if (next < (sizes[axis] ?? 1)) {
        index[axis] = next;
        break;
      }
      from -= next * (steps[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return new Uint8Array(target.buffer);
}
