import { describe, expect, it } from 'vitest';
import { float32Tensor, resizeBiasTable, toFloat32 } from './index.ts';

describe('resizeBiasTable', () => {
  it('keeps a table of the same window, and a constant table at any', () => {
    const table = float32Tensor([9, 2], new Float32Array(18).fill(3));
    expect(resizeBiasTable(table, 2)).toBe(table);
    for (const value of toFloat32(resizeBiasTable(table, 5))) expect(value).toBeCloseTo(3, 6);
  });

  it('equals PyTorch’s bicubic interpolation', () => {
    // F.interpolate(torch.arange(9.).view(1, 1, 3, 3), size=(5, 5), mode='bicubic') in PyTorch 2.15.
    const table = float32Tensor(
      [9, 1],
      Float32Array.from({ length: 9 }, (_, i) => i),
    );
    const resized = toFloat32(resizeBiasTable(table, 3));
    GOLDEN.forEach((value, index) => expect(resized[index]).toBeCloseTo(value, 5));
  });

  it('refuses what is not the table of a window', () => {
    expect(() => resizeBiasTable(float32Tensor([8, 1], new Float32Array(8)), 3, 'layers.0')).toThrow(
      'layers.0',
    );
  });
});

const GOLDEN = [
  -0.384, 0.028001, 0.712, 1.396, 1.808001, 0.852001, 1.264002, 1.948001, 2.632001, 3.044002, 2.904, 3.316,
  4.0, 4.684, 5.096001, 4.956, 5.368, 6.052, 6.736001, 7.148001, 6.192002, 6.604001, 7.288001, 7.972003,
  8.384002,
];
