import { describe, expect, it } from 'vitest';
import { parseDetectorConfig } from './config.ts';
import { levelSizes, paddedSize, pyramidLevels, testSize } from './pyramid.ts';

const config = parseDetectorConfig({});

// method.md 7.12
const GOLDEN = [
  { image: [480, 640], resized: [800, 1067], cells: 18134 },
  { image: [426, 640], resized: [800, 1202], cells: 20267 },
  { image: [640, 586], resized: [874, 800], cells: 14931 },
  { image: [375, 1242], resized: [402, 1333], cells: 11657 },
  { image: [500, 500], resized: [800, 800], cells: 13343 },
] as const;

describe('pyramid', () => {
  it.each(GOLDEN)('resizes $image to $resized and has $cells cells', ({ image, resized, cells }) => {
    const size = testSize(config, { height: image[0], width: image[1] });
    expect([size.height, size.width]).toEqual(resized);
    const levels = levelSizes(config, paddedSize(config, [size]));
    expect(levels.reduce((sum, { height, width }) => sum + height * width, 0)).toBe(cells);
  });

  it('halves the extra levels upwards', () => {
    expect(
      levelSizes(config, { height: 800, width: 1088 }).map(({ height, width }) => [height, width]),
    ).toEqual([
      [100, 136],
      [50, 68],
      [25, 34],
      [13, 17],
      [7, 9],
    ]);
  });

  it('has the size ranges and sizes of interest of the paper', () => {
    expect(
      pyramidLevels(config).map(({ lower, upper, sizeOfInterest }) => [lower, upper, sizeOfInterest]),
    ).toEqual([
      [-1, 64, 64],
      [64, 128, 128],
      [128, 256, 256],
      [256, 512, 512],
      [512, Infinity, 1024],
    ]);
  });

  it('pads to the largest image and a multiple of 32', () => {
    const padded = paddedSize(config, [
      { height: 100, width: 33 },
      { height: 65, width: 64 },
    ]);
    expect(padded).toEqual({ height: 128, width: 64 });
  });
});
