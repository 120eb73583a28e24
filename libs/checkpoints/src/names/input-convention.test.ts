import { describe, expect, it } from 'vitest';
import { convertInput, float32Tensor, IMAGENET_RGB, MSRA_BGR, toFloat32 } from '../index.ts';

const NAME = 'backbone.bottom_up.conv1.weight';

describe('convertInput', () => {
  const weights = new Float32Array([1, 2, 3]);
  const state = new Map([[NAME, float32Tensor([1, 3, 1, 1], weights)]]);

  it('gives the same features for the same picture under the other convention', () => {
    const converted = toFloat32(convertInput(state, IMAGENET_RGB, MSRA_BGR).get(NAME)!);
    const rgb = [200, 50, 120];
    const before = rgb.reduce(
      (sum, x, c) => sum + (weights[c]! * (x - IMAGENET_RGB.mean[c]!)) / IMAGENET_RGB.std[c]!,
      0,
    );
    const bgr = [...rgb].reverse();
    const after = bgr.reduce((sum, x, c) => sum + converted[c]! * (x - MSRA_BGR.mean[c]!), 0);
    expect(after).toBeCloseTo(before, 4);
  });

  it('returns to where it came from', () => {
    const back = convertInput(convertInput(state, IMAGENET_RGB, MSRA_BGR), MSRA_BGR, IMAGENET_RGB).get(NAME)!;
    for (const [index, value] of toFloat32(back).entries()) expect(value).toBeCloseTo(weights[index]!, 6);
  });

  it('refuses means that are not the same colour, and a state without a first convolution', () => {
    const other = { ...MSRA_BGR, mean: [102.9801, 115.9465, 122.7717] as const };
    expect(() => convertInput(state, IMAGENET_RGB, other)).toThrow('102.9801');
    expect(() => convertInput(new Map(), IMAGENET_RGB, MSRA_BGR)).toThrow(NAME);
  });
});
