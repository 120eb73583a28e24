import { describe, expect, it } from 'vitest';
import type { BinaryMask, RgbImage, TrainingSample, Xyxy } from '@cassl/vision';
import { createRandom } from '../random.ts';
import { brightness, color, contrast, sharpness } from './color-enhance.ts';
import { enhanceFactor, posterizeBits } from './color-operations.ts';
import { autoContrast, equalize, posterize, solarize, solarizeAdd } from './color-tables.ts';
import { erasePatches } from './erase.ts';
import { flipHorizontally } from './flip.ts';
import { mirror, rotation, shearX, shearY, translation } from './geometric-operations.ts';
import { mosaic } from './mosaic.ts';
import { placeOnCanvas } from './place-on-canvas.ts';
import { resizeBilinear } from './resize-picture.ts';
import { resizeSample } from './resize-sample.ts';
import { tightBox } from './tight-box.ts';
import { hull, invertAffine, warpSample } from './warp-affine.ts';

function rectangleMask(width: number, height: number, [x1, y1, x2, y2]: Xyxy): BinaryMask {
  const data = new Uint8Array(width * height);
  for (let y = y1; y < y2; y++) data.fill(1, y * width + x1, y * width + x2);
  return { width, height, data };
}

/** Grey, with one white rectangle that is also the one instance, so that pixels tell where the mask should be. */
function sampleWith(width: number, height: number, box: Xyxy, masked = true): TrainingSample {
  const mask = rectangleMask(width, height, box);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    mask.data[Math.floor(i / 3)] ? 255 : 40,
  );
  const instance = { box, category: 2, ...(masked ? { mask } : {}) };
  return { key: 'k', image: { width, height, data }, instances: [instance] };
}

/** Pixels that are nearer to white than to grey. */
function whitePixels({ width, height, data }: RgbImage): BinaryMask {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height }, (_, i) => (data[i * 3]! > 147 ? 1 : 0)),
  };
}

function disagreement(a: BinaryMask, b: BinaryMask): number {
  return a.data.filter((pixel, i) => pixel !== b.data[i]).length / a.data.length;
}

const grey = (values: readonly number[]): RgbImage => ({
  width: values.length,
  height: 1,
  data: Uint8Array.from(values.flatMap((value) => [value, value, value])),
});
const reds = ({ data }: RgbImage): number[] => [...data].filter((_, i) => i % 3 === 0);

describe('tightBox', () => {
  it('ends one past the last pixel, and is undefined for an empty mask', () => {
    expect(tightBox(rectangleMask(9, 7, [2, 3, 8, 5]))).toEqual([2, 3, 8, 5]);
    expect(tightBox(rectangleMask(9, 7, [4, 6, 5, 7]))).toEqual([4, 6, 5, 7]);
    expect(tightBox(rectangleMask(9, 7, [0, 0, 0, 0]))).toBeUndefined();
    const corners = { width: 3, height: 2, data: Uint8Array.from([0, 0, 1, 1, 0, 0]) };
    expect(tightBox(corners)).toEqual([0, 0, 3, 2]);
  });
});

describe('flipHorizontally', () => {
  it('turns x into width - x for picture, mask and box, and twice is nothing', () => {
    const sample = sampleWith(10, 6, [1, 2, 4, 5]);
    const flipped = flipHorizontally(sample);
    expect(flipped.instances[0]!.box).toEqual([6, 2, 9, 5]);
    expect(tightBox(flipped.instances[0]!.mask!)).toEqual([6, 2, 9, 5]);
    expect(whitePixels(flipped.image)).toEqual(flipped.instances[0]!.mask);
    expect(flipHorizontally(flipped)).toEqual(sample);
  });
});

describe('resizeSample', () => {
  it('keeps picture, mask and box together at any size', () => {
    for (const [width, height] of [
      [40, 24],
      [13, 31],
      [20, 12],
    ] as const) {
      const { image, instances } = resizeSample(sampleWith(20, 12, [5, 3, 15, 9]), { width, height });
      expect([image.width, image.height]).toEqual([width, height]);
      expect(disagreement(whitePixels(image), instances[0]!.mask!)).toBeLessThan(0.03);
      expect(instances[0]!.box).toEqual(tightBox(instances[0]!.mask!));
    }
  });

  it('scales the box of an instance without a mask, and removes a mask that vanishes', () => {
    const boxed = resizeSample(sampleWith(20, 10, [5, 2, 15, 8], false), { width: 30, height: 5 });
    expect(boxed.instances).toEqual([{ box: [7.5, 1, 22.5, 4], category: 2 }]);
    const dot = resizeSample(sampleWith(20, 20, [7, 7, 8, 8]), { width: 5, height: 5 });
    expect(dot.instances).toEqual([]);
  });

  it('keeps a constant picture constant', () => {
    const flat = { width: 7, height: 5, data: new Uint8Array(105).fill(201) };
    expect(new Set(resizeBilinear(flat, 16, 3).data)).toEqual(new Set([201]));
  });
});

describe('placeOnCanvas', () => {
  it('crops, pads and measures the box of what is left', () => {
    const sample = sampleWith(20, 12, [5, 3, 15, 9]);
    const cropped = placeOnCanvas(sample, { width: 12, height: 16, x: -8, y: 2, fill: 128 });
    expect(cropped.instances[0]!.box).toEqual([0, 5, 7, 11]);
    expect(cropped.image.data[0]).toBe(128);
    const inside = whitePixels(cropped.image);
    expect(inside).toEqual(cropped.instances[0]!.mask);
  });

  it('removes what is cut off, or too little of which is left', () => {
    const sample = sampleWith(20, 12, [0, 0, 10, 10]);
    const move = (x: number, minVisible: number): number =>
      placeOnCanvas(sample, { width: 20, height: 12, x, y: 0, fill: 0, minVisible }).instances.length;
    expect([move(-10, 0), move(-9, 0), move(-9, 0.2), move(-7, 0.3)]).toEqual([0, 1, 0, 1]);
    const boxed = placeOnCanvas(sampleWith(20, 12, [0, 0, 10, 10], false), {
      width: 20,
      height: 12,
      x: -4,
      y: 0,
      fill: 0,
    });
    expect(boxed.instances[0]!.box).toEqual([0, 0, 6, 10]);
  });
});

describe('warpSample', () => {
  const sample = sampleWith(60, 50, [20, 15, 38, 29]);
  it.each([
    ['translation', translation(7, -5), [27, 10, 45, 24]],
    ['rotation by 90 degrees', rotation(90, 30, 25), [26, 15, 40, 33]],
    ['mirror', mirror(30), [22, 15, 40, 29]],
  ] as const)('moves picture, mask and box alike: %s', (_, affine, expected) => {
    const { image, instances } = warpSample(sample, affine, 40);
    instances[0]!.box.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
    expect(disagreement(whitePixels(image), instances[0]!.mask!)).toBeLessThan(0.005);
  });

  it('moves them alike when it turns and shears at random', () => {
    const random = createRandom('warp');
    for (let i = 0; i < 20; i++) {
      const affine = random.choice([
        rotation(random.uniform(-30, 30), 30, 25),
        shearX(random.uniform(-0.48, 0.48)),
        shearY(random.uniform(-0.48, 0.48)),
      ]);
      const { image, instances } = warpSample(sample, affine, 40);
      const [instance] = instances;
      expect(disagreement(whitePixels(image), instance!.mask!)).toBeLessThan(0.01);
      const outer = hull(sample.instances[0]!.box, invertAffine(affine));
      instance!.box.forEach((value, side) => {
        // Inside the hull of the moved corners, up to the rounding of nearest neighbours.
        expect(side < 2 ? value - outer[side]! : outer[side]! - value).toBeGreaterThan(-1);
      });
    }
  });

  it('gives an instance without a mask the hull of its corners, clipped, and drops what leaves the picture', () => {
    const boxed = sampleWith(60, 50, [20, 15, 38, 29], false);
    const [x1, y1, x2, y2] = warpSample(boxed, rotation(45, 29, 22), 0).instances[0]!.box;
    const half = (18 + 14) / 2 / Math.SQRT2;
    [x1, y1, x2, y2].forEach((value, i) =>
      expect(value).toBeCloseTo([29 - half, 22 - half, 29 + half, 22 + half][i]!, 9),
    );
    expect(warpSample(boxed, translation(100, 0), 0).instances).toEqual([]);
  });
});

describe('colour operations', () => {
  it('mix with their degenerate picture by a factor', () => {
    const values = [0, 100, 200];
    expect(reds(brightness(grey(values), 0.5))).toEqual([0, 50, 100]);
    expect(reds(brightness(grey(values), 1.5))).toEqual([0, 150, 255]);
    expect(reds(contrast(grey(values), 0.5))).toEqual([50, 100, 150]);
    expect(reds(color(grey(values), 0.3))).toEqual(values);
    expect(reds(sharpness(grey(values), 0))).toEqual(values);
    const red = { width: 1, height: 1, data: Uint8Array.from([255, 0, 0]) };
    expect([...color(red, 0).data]).toEqual([76, 76, 76]);
  });

  it('map values by table', () => {
    expect(reds(solarize(grey([10, 127, 128, 250]), 128))).toEqual([10, 127, 127, 5]);
    expect(reds(solarizeAdd(grey([10, 120, 128]), 22))).toEqual([32, 142, 128]);
    expect(reds(solarizeAdd(grey([10, 120, 128]), -22))).toEqual([0, 98, 128]);
    expect(reds(posterize(grey([255, 130, 127]), 1))).toEqual([128, 128, 0]);
    expect(reds(autoContrast(grey([50, 100, 150])))).toEqual([0, 127, 255]);
    expect(reds(autoContrast(grey([50, 50])))).toEqual([50, 50]);
    expect(reds(equalize(grey([9, 9])))).toEqual([9, 9]);
    const ramp = equalize(grey(Array.from({ length: 1024 }, (_, i) => 100 + Math.floor(i / 32))));
    expect([reds(ramp)[0], reds(ramp).at(-1)]).toEqual([0, 255]);
  });

  it('have the levels of the RandAugment table', () => {
    expect([1, 9].map((level) => enhanceFactor(level).toFixed(2))).toEqual(['0.28', '1.72']);
    expect(Array.from({ length: 9 }, (_, i) => posterizeBits(i + 1))).toEqual([4, 4, 3, 3, 2, 2, 2, 1, 1]);
  });
});

describe('erasePatches', () => {
  it('fills at most four patches of at most a fifth of each side with 125', () => {
    const image = { width: 50, height: 40, data: new Uint8Array(6000) };
    const shares = Array.from({ length: 50 }, (_, seed) => {
      const { data } = erasePatches(image, createRandom(seed));
      expect(data.every((value) => value === 0 || value === 125)).toBe(true);
      return data.filter((value) => value === 125).length / data.length;
    });
    expect(Math.max(...shares)).toBeGreaterThan(0.03);
    expect(Math.max(...shares)).toBeLessThanOrEqual(4 * 0.2 * 0.2);
  });
});

describe('mosaic', () => {
  it('puts four samples into the quarters of the first one', () => {
    const sample = sampleWith(40, 20, [10, 4, 30, 16]);
    const other = sampleWith(80, 60, [20, 12, 60, 48]);
    const { image, instances, key } = mosaic([sample, other, sample, other]);
    expect([image.width, image.height, key]).toEqual([40, 20, 'k']);
    expect(instances.map(({ box }) => box)).toEqual([
      [5, 2, 15, 8],
      [25, 2, 35, 8],
      [5, 12, 15, 18],
      [25, 12, 35, 18],
    ]);
    const white = whitePixels(image);
    for (const { mask } of instances)
      mask!.data.forEach((pixel, i) => pixel === 1 && expect(white.data[i]).toBe(1));
  });
});
