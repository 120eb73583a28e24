import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeMask,
  encodeMask,
  isEmptyRleString,
  parseSegmentation,
  rleArea,
  rleBox,
  rleFromPolygons,
  rleFromString,
  rleIou,
  rleMerge,
  rleSubtract,
  rleToString,
  type BinaryMask,
  type Rle,
} from './index.ts';

function maskWhere(height: number, width: number, set: (y: number, x: number) => boolean): BinaryMask {
  const data = Uint8Array.from({ length: height * width }, (_, i) =>
    Number(set(Math.floor(i / width), i % width)),
  );
  return { height, width, data };
}

const masks = fc
  .record({ height: fc.integer({ min: 1, max: 12 }), width: fc.integer({ min: 1, max: 12 }) })
  .chain(({ height, width }) =>
    fc
      .array(fc.boolean(), { minLength: height * width, maxLength: height * width })
      .map((pixels): BinaryMask => ({ height, width, data: Uint8Array.from(pixels, Number) })),
  );

const maskPairs = masks.chain((mask) =>
  fc
    .array(fc.boolean(), { minLength: mask.data.length, maxLength: mask.data.length })
    .map((pixels): [BinaryMask, BinaryMask] => [mask, { ...mask, data: Uint8Array.from(pixels, Number) }]),
);

describe('run-length encoding', () => {
  // Golden values: pycocotools.
  it('encodes a rectangle as pycocotools does', () => {
    const rle = encodeMask(maskWhere(4, 5, (y, x) => y >= 1 && y <= 2 && x >= 1 && x <= 3));
    expect(rleToString(rle)).toBe('5220003');
    expect(rleArea(rle)).toBe(6);
    expect(rleBox(rle)).toEqual([1, 1, 3, 2]);
  });

  it('rasterises polygons as pycocotools does', () => {
    expect(rleToString(rleFromPolygons([[1, 1, 4, 1, 4, 3, 1, 3]], 4, 5))).toBe('5220003');
    const triangle = rleFromPolygons([[1.5, 1.5, 4.2, 1.1, 3.6, 3.7]], 6, 6);
    expect(rleToString(triangle)).toBe('=1529');
    const pixels = decodeMask(triangle).data;
    const set = Array.from(pixels.keys()).filter((i) => pixels[i] === 1);
    expect(set.map((i) => [Math.floor(i / 6), i % 6])).toEqual([
      [1, 2],
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('writes differences with their sign in the compressed string', () => {
    const rle = encodeMask(
      maskWhere(100, 100, (y, x) => (y === 0 && x === 0) || (y >= 20 && y < 60 && x >= 30 && x < 70)),
    );
    expect(rleArea(rle)).toBe(1601);
    expect(rleToString(rle)).toBe(`01[n2W1aSM${'0'.repeat(77)}Tm2`);
  });

  it('keeps every mask through encode, string and decode', () => {
    fc.assert(
      fc.property(masks, (mask) => {
        const rle = encodeMask(mask);
        const back = rleFromString(rleToString(rle), mask.height, mask.width);
        expect(back).toEqual(rle);
        expect(decodeMask(back)).toEqual(mask);
      }),
    );
  });

  it('tells from a string whether a mask is empty', () => {
    const stringOf = (...counts: number[]): string =>
      rleToString({ height: 100, width: 100, counts: Uint32Array.from(counts) });
    const emptyAt = (text: string): boolean => isEmptyRleString(text, 100, 100);
    expect(emptyAt(stringOf(10_000))).toBe(true);
    expect(emptyAt(stringOf(40, 0, 9960))).toBe(true);
    expect(emptyAt(stringOf(40, 0, 60, 0, 9900))).toBe(true);
    for (const run of [1, 15, 16, 512, 9000]) expect(emptyAt(stringOf(40, run, 9960 - run))).toBe(false);
    expect(emptyAt(stringOf(0, 0, 60, 1, 9939))).toBe(false);
    for (const text of ['', '0', 'P', '\u00e9', '00o', stringOf(40, 0, 60)]) {
      expect(() => emptyAt(text), text).toThrow(/RLE/);
    }
  });

  it('keeps runs of any 32-bit length in the string', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 26 }), { minLength: 1, maxLength: 40 }), (runs) => {
        const counts = Uint32Array.from(runs);
        const rle: Rle = { height: counts.reduce((a, b) => a + b, 0), width: 1, counts };
        expect(rleFromString(rleToString(rle), rle.height, 1)).toEqual(rle);
      }),
    );
  });

  it('merges, intersects, subtracts and measures as pixel loops do', () => {
    fc.assert(
      fc.property(maskPairs, fc.boolean(), ([a, b], crowd) => {
        const [rleA, rleB] = [encodeMask(a), encodeMask(b)];
        const pixelwise = (combine: (x: number, y: number) => number) =>
          encodeMask({ ...a, data: a.data.map((value, i) => combine(value, b.data[i]!)) });
        const union = pixelwise((x, y) => x | y);
        const both = pixelwise((x, y) => x & y);
        expect(rleMerge([rleA, rleB])).toEqual(union);
        expect(rleMerge([rleA, rleB], true)).toEqual(both);
        expect(rleSubtract(rleA, rleB)).toEqual(pixelwise((x, y) => x & (1 - y)));
        const denominator = rleArea(crowd ? rleA : union);
        const expected = rleArea(both) === 0 ? 0 : rleArea(both) / denominator;
        expect(rleIou([rleA], [rleB], [crowd])[0]).toBe(expected);
      }),
    );
  });

  it('lays IoUs out detection by detection', () => {
    const left = encodeMask(maskWhere(4, 4, (_, x) => x < 2));
    const all = encodeMask(maskWhere(4, 4, () => true));
    expect(Array.from(rleIou([left, all], [all, left, left], [false, false, true]))).toEqual([
      0.5, 1, 1, 1, 0.5, 0.5,
    ]);
  });

  it('gives an empty mask an empty box', () => {
    expect(rleBox(encodeMask(maskWhere(3, 4, () => false)))).toEqual([0, 0, 0, 0]);
  });
});

describe('parseSegmentation', () => {
  it('reads polygons, run lists and strings alike', () => {
    const expected = encodeMask(maskWhere(4, 5, (y, x) => y >= 1 && y <= 2 && x >= 1 && x <= 3));
    for (const segmentation of [
      [[1, 1, 4, 1, 4, 3, 1, 3]],
      { size: [4, 5], counts: [5, 2, 2, 2, 2, 2, 5] },
      { size: [4, 5], counts: '5220003' },
    ]) {
      expect(parseSegmentation(segmentation, 4, 5)).toEqual(expected);
    }
  });

  it.each([
    [{ size: [5, 4], counts: '5220003' }, /size is 5 x 4, but its image is 4 x 5/],
    [{ size: [4, 5], counts: '522000' }, /add up to 15 pixels, but its size is 4 x 5 = 20/],
    [{ size: [4, 5], counts: '52 0003' }, /has " " at character 2/],
    [{ size: [4, 5], counts: '522000o' }, /ends inside a number, at character 7/],
    [{ size: [4, 5], counts: 'A' }, /run of -15 pixels/],
    [{ size: [4, 5], counts: 'ooooooooooooo' }, /which no run can contain|inside a number/],
    [{ size: [4, 5], counts: [5, -1, 16] }, /run 1 must be an integer within \[0, 20\], got -1/],
    [{ size: [4, 5], counts: 7 }, /counts must be a string or a list/],
    [{ counts: '5220003' }, /size must be \[height, width\]/],
    ['5220003', /must be a list of polygons or an RLE/],
    [[], /no polygon/],
    [[[1, 2, 3, 4]], /at least 3 points, got 4 numbers/],
    [[[1, 2, 3, 4, 5]], /at least 3 points, got 5 numbers/],
    [[[1, 2, 3, 4, 5, 1e9]], /coordinate 1000000000; it must be within/],
    [[[1, 2, 3, 4, 5, 'x']], /each a list of numbers/],
  ])('refuses %j', (segmentation, message) => {
    expect(() => parseSegmentation(segmentation, 4, 5)).toThrow(message);
    expect(() => parseSegmentation(segmentation, 4, 5)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
    );
  });
});
