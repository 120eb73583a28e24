import type { LazyTensor } from '@cassl/checkpoints';
import { describe, expect, it } from 'vitest';
import { tfjsTensors, type TfjsTensor } from './tfjs-tensors.ts';

const SOURCE = { start: 0, end: 0 };
const lazy = (dtype: string, shape: number[]): LazyTensor => ({ dtype, shape, origin: SOURCE }) as LazyTensor;
const one = (name: string, tensor: LazyTensor): TfjsTensor => tfjsTensors(new Map([[name, tensor]]))[0]!;
const floats = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** Element by element, by the definition. */
function permuted(values: readonly number[], shape: readonly number[], axes: readonly number[]): number[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = axes.map((axis) => shape[axis]!);
  return Array.from({ length: values.length }, (_, to) => {
    let rest = to;
    let from = 0;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += (rest % sizes[axis]!) * strides[axes[axis]!]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    return values[from]!;
  });
}

describe('a tensor in TensorFlow’s layout', () => {
  it.each([
    ['conv.weight', [2, 3, 2, 5], [2, 3, 1, 0]],
    ['conv.weight', [1, 1, 1, 1], [2, 3, 1, 0]],
    ['depthwise', [4, 1, 3, 3], [2, 3, 1, 0]],
    ['fc.weight', [3, 7], [1, 0]],
  ])('%s of %j has its axes in the order %j', (name, shape, axes) => {
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index + 0.5);
    const { spec, tensor } = one(name, lazy('F32', shape));
    expect(spec).toEqual({ name, shape: axes.map((axis) => shape[axis]), dtype: 'float32' });
    expect(tensor).toMatchObject({ dtype: 'F32', shape: spec.shape, origin: SOURCE });
    const bytes = tensor.change!(floats(values));
    expect([...new Float32Array(bytes.slice().buffer)]).toEqual(permuted(values, shape, axes));
  });

  it.each([
    ['bias', [5]],
    ['scalar', []],
    ['table', [3, 7]],
    ['cube.weight', [2, 3, 4]],
  ])('%s of %j stays as it is stored, byte for byte', (name, shape) => {
    const stored = lazy('F32', shape);
    const { spec, tensor } = one(name, stored);
    expect(tensor).toBe(stored);
    expect(spec.shape).toEqual(shape);
  });

  it.each([
    ['F16', [0x3c00, 0xc000, 0x0001], [1, -2, 2 ** -24]],
    ['BF16', [0x3f80, 0xc000, 0x7f80], [1, -2, Infinity]],
  ])('of %s becomes float32', (dtype, halves, values) => {
    const { spec, tensor } = one('bias', lazy(dtype, [3]));
    expect(spec.dtype).toBe('float32');
    const bytes = tensor.change!(new Uint8Array(Uint16Array.from(halves).buffer));
    expect([...new Float32Array(bytes.slice().buffer)]).toEqual(values);
  });

  it('of whole numbers is left out: the layout has no weights of theirs', () => {
    const state = new Map([
      ['count', lazy('I64', [1])],
      ['mask', lazy('BOOL', [4])],
      ['bias', lazy('F32', [4])],
    ]);
    expect(tfjsTensors(state).map(({ spec }) => spec.name)).toEqual(['bias']);
  });
});
