import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeMask } from './encode-mask.ts';
import { rleBox } from './rle-area.ts';
import { rowMajorRuns } from './row-major-runs.ts';
import type { BinaryMask, Xywh } from './types.ts';

/** Pixel by pixel. */
function inFull({ data, width }: BinaryMask, [left, top, boxWidth, boxHeight]: Xywh): number[] {
  const runs = [0];
  let inside = 0;
  for (let at = 0; at < boxWidth * boxHeight; at++) {
    const pixel = data[(top + Math.floor(at / boxWidth)) * width + left + (at % boxWidth)]!;
    if (pixel !== inside) runs.push(0);
    inside = pixel;
    runs[runs.length - 1]! += 1;
  }
  return runs;
}

const masks = fc
  .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }), full: fc.nat(4) })
  .chain(({ width, height, full }) =>
    fc
      .array(fc.nat(4), { minLength: width * height, maxLength: width * height })
      .map((values) => ({ width, height, data: Uint8Array.from(values, (value) => (value < full ? 1 : 0)) })),
  );

it('runs by rows are those of the pixels, over the image and over the mask’s own box', () => {
  fc.assert(
    fc.property(masks, (mask) => {
      const rle = encodeMask(mask);
      const image: Xywh = [0, 0, mask.width, mask.height];
      expect([...rowMajorRuns(rle, image)]).toEqual(inFull(mask, image));
      const box = rleBox(rle);
      if (box[2] > 0) expect([...rowMajorRuns(rle, box)]).toEqual(inFull(mask, box));
    }),
    { numRuns: 2000 },
  );
});

it('runs of no pixels and zero-length runs in between change nothing', () => {
  const counts = Uint32Array.from([1, 2, 0, 1, 5, 0, 0]);
  expect([...rowMajorRuns({ height: 3, width: 3, counts }, [0, 0, 3, 3])]).toEqual([
    ...rowMajorRuns({ height: 3, width: 3, counts: Uint32Array.from([1, 3, 5]) }, [0, 0, 3, 3]),
  ]);
});
