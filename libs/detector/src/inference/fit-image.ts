import type { DetectorConfig } from '../config.ts';
import { type MapSize, paddedSize, testSize } from '../pyramid.ts';

/** How one image enters the network. */
export interface FittedSize {
  /** The image's own part of the input. */
  readonly resized: MapSize;
  /** The input: `resized` with zeros at its right and bottom. Images with the same one can share a forward pass. */
  readonly padded: MapSize;
}

/**
 * Padded sides as shares of the short side: what photographs are (4:3, 3:2, and 5:3 or wider by `resizeLongSide`), and
 * quarters for panoramas, whose short side is scaled below `resizeShortSide`.
 */
const SHARES = [1 / 4, 1 / 2, 3 / 4, 1, 4 / 3, 3 / 2];

/**
 * Resized and padded size of an image: a function of that image alone, so that no neighbour in a batch changes its
 * result, with few padded sizes, so that it has neighbours. Photographs of any camera share seven.
 */
export function fitImage(config: DetectorConfig, image: MapSize): FittedSize {
  const resized = testSize(config, image);
  const ladder = paddedSides(config);
  const up = (side: number): number => ladder.find((rung) => rung >= side) ?? side;
  return { resized, padded: { height: up(resized.height), width: up(resized.width) } };
}

function paddedSides(config: DetectorConfig): number[] {
  const { resizeShortSide, resizeLongSide } = config;
  const sides = SHARES.map((share) => Math.min(Math.ceil(share * resizeShortSide), resizeLongSide));
  return [...sides, resizeLongSide].map((side) => paddedSize(config, [{ height: side, width: side }]).height);
}
