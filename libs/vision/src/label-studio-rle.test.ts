import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMask } from './encode-mask.ts';
import { decodeLabelStudioRle, encodeLabelStudioRle, labelStudioRle } from './label-studio-rle.ts';
import { rowMajorRuns } from './row-major-runs.ts';

const masks = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height, max: 1 })
      .map((data) => ({ width, height, data: new Uint8Array(data) })),
  );

describe('Label Studio’s brush format', () => {
  it('has the bits that Label Studio writes', () => {
    // mask2rle([[0, 255], [255, 255]]) of label_studio_sdk 2.1: 16 values, 4 of 0 and 12 of 255.
    const rle = encodeLabelStudioRle({ width: 2, height: 2, data: Uint8Array.of(0, 1, 1, 1) });
    expect(rle).toEqual([0, 0, 0, 16, 57, 27, 252, 96, 22, 255, 192]);
  });

  it('gives every mask back, also runs beyond 65,536 values', () => {
    fc.assert(
      fc.property(masks, (mask) => {
        expect(decodeLabelStudioRle(encodeLabelStudioRle(mask), mask.height, mask.width)).toEqual(mask);
      }),
      { seed: 1 },
    );
    const large = { width: 400, height: 300, data: new Uint8Array(120_000).fill(1, 7, 100_001) };
    expect(decodeLabelStudioRle(encodeLabelStudioRle(large), 300, 400)).toEqual(large);
  });

  it('is the same from runs', () => {
    fc.assert(
      fc.property(masks, (mask) => {
        const { width, height } = mask;
        const runs = rowMajorRuns(encodeMask(mask), [0, 0, width, height]);
        expect([...labelStudioRle(runs)]).toEqual(encodeLabelStudioRle(mask));
      }),
      { seed: 2 },
    );
    // More than what is kept from call to call has room for.
    const runs = new Uint32Array(8_001).fill(300);
    const rle = labelStudioRle(runs);
    const { data } = decodeLabelStudioRle(rle, 8_001, 300);
    expect([299, 300, 599, 600, 8_000 * 300 - 1, 8_000 * 300].map((at) => data[at])).toEqual([
      0, 1, 1, 0, 1, 0,
    ]);
  });

  it('refuses a brush of another size or that breaks off', () => {
    const rle = encodeLabelStudioRle({ width: 2, height: 2, data: Uint8Array.of(0, 1, 1, 1) });
    expect(() => decodeLabelStudioRle(rle, 3, 2)).toThrow(/16 values, but its size is 3 x 2 x 4 = 24/);
    expect(() => decodeLabelStudioRle(rle.slice(0, 8), 2, 2)).toThrow(/ends after 8 bytes/);
  });
});
