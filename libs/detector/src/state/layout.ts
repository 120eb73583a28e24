/**
 * How a weight lies in memory: PyTorch's convolution OIHW is tf's HWIO, its linear [out, in] is tf's [in, out]
 * (method 3.4); vectors, tables and running statistics are the same in both.
 */
export type Layout = 'convolution' | 'linear' | 'same';

const ORDER: Readonly<
  Record<Layout, { toTensor: readonly number[]; toPytorch: readonly number[] } | undefined>
> = {
  convolution: { toTensor: [2, 3, 1, 0], toPytorch: [3, 2, 0, 1] },
  linear: { toTensor: [1, 0], toPytorch: [1, 0] },
  same: undefined,
};

export interface OrderedValues {
  readonly values: Float32Array;
  readonly shape: number[];
}

/** PyTorch order → tf order. */
export function toTensorOrder(values: Float32Array, shape: readonly number[], layout: Layout): OrderedValues {
  const order = ORDER[layout];
  return order === undefined ? { values, shape: [...shape] } : permute(values, shape, order.toTensor);
}

/** Where each axis of the tf order is in PyTorch's. */
export function toTensorAxes(shape: readonly number[], layout: Layout): number[] {
  return [...(ORDER[layout]?.toTensor ?? shape.keys())];
}

/** tf order → PyTorch order. */
export function toPytorchOrder(
  values: Float32Array,
  shape: readonly number[],
  layout: Layout,
): OrderedValues {
  const order = ORDER[layout];
  return order === undefined ? { values, shape: [...shape] } : permute(values, shape, order.toPytorch);
}

function permute(values: Float32Array, shape: readonly number[], order: readonly number[]): OrderedValues {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
  const outShape = order.map((axis) => shape[axis]!);
  const outStrides = order.map((axis) => strides[axis]!);
  const out = new Float32Array(values.length);
  const position = new Array<number>(outShape.length).fill(0);
  let source = 0;
  for (let index = 0; index < out.length; index++) {
    out[index] = values[source]!;
    for (let axis = outShape.length - 1; axis >= 0; axis--) {
      source += outStrides[axis]!;
      position[axis] = position[axis]! + 1;
      if (position[axis]! < outShape[axis]!) break;
      source -= outStrides[axis]! * outShape[axis]!;
      position[axis] = 0;
    }
  }
  return { values: out, shape: outShape };
}
