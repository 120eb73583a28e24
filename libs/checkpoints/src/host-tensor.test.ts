import { describe, expect, it } from 'vitest';
import { checkFinite, float32Tensor, toFloat32, type HostTensor } from './index.ts';

const of = (dtype: HostTensor['dtype'], array: ArrayBufferView, shape: number[]): HostTensor => ({
  dtype,
  shape,
  data: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
});

describe('toFloat32', () => {
  it('views float32 without a copy, and copies only what is not aligned', () => {
    const values = new Float32Array([1, 2]);
    expect(toFloat32(float32Tensor([2], values)).buffer).toBe(values.buffer);
    const shifted = new Uint8Array(9);
    shifted.set(new Uint8Array(values.buffer), 1);
    expect([...toFloat32({ dtype: 'F32', shape: [2], data: shifted.subarray(1) })]).toEqual([1, 2]);
  });

  it('widens F16 and BF16 and narrows F64', () => {
    const half = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555, 0x8000]);
    expect([...toFloat32(of('F16', half, [6]))]).toEqual([1, -2, 2 ** -24, Infinity, 0.333251953125, -0]);
    expect([...toFloat32(of('BF16', new Uint16Array([0x3f80, 0xc040]), [2]))]).toEqual([1, -3]);
    expect([...toFloat32(of('F64', new Float64Array([0.5]), [1]))]).toEqual([0.5]);
  });

  it('names the tensor that is not floating point', () => {
    expect(() => toFloat32(of('I64', new BigInt64Array(1), [1]), 'bn1.num_batches_tracked')).toThrow(
      'bn1.num_batches_tracked is I64',
    );
  });
});

describe('checkFinite', () => {
  it('names the tensor with a NaN weight and the element', () => {
    const state = new Map([
      ['good', float32Tensor([1], new Float32Array([1]))],
      ['layer1.0.conv1.weight', float32Tensor([3], new Float32Array([1, NaN, 2]))],
    ]);
    expect(() => checkFinite(state)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'tensor layer1.0.conv1.weight of shape [3] holds NaN at element 1; weights must be finite',
      }),
    );
  });
});
