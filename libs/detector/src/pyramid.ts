import type { DetectorConfig } from './config.ts';

/** A pyramid level as the targets and the heads see it; lengths in input pixels. */
export interface Level {
  /** k of P_k. */
  readonly level: number;
  /** 2^k. */
  readonly stride: number;
  /** A box belongs here when max(l, t, r, b) lies in [lower, upper], both ends inclusive. */
  readonly lower: number;
  readonly upper: number;
  /** Divides relative coordinates: 8 strides (method 2.2). */
  readonly sizeOfInterest: number;
}

export function pyramidLevels(config: DetectorConfig): Level[] {
  return config.levels.map((level, index) => ({
    level,
    stride: 2 ** level,
    lower: index === 0 ? -1 : config.rangeLimits[index - 1]!,
    upper: config.rangeLimits[index] ?? Infinity,
    sizeOfInterest: 8 * 2 ** level,
  }));
}

export interface MapSize {
  readonly height: number;
  readonly width: number;
}

/** Map sizes of a padded input: exact division up to the last backbone level, then ceil(half) per extra level. */
export function levelSizes(config: DetectorConfig, padded: MapSize): MapSize[] {
  const coarsestInput = config.pyramidInputs.at(-1)!;
  const sizes: MapSize[] = [];
  for (const level of config.levels) {
    const previous = sizes.at(-1);
    if (level > coarsestInput && previous !== undefined) {
      sizes.push({ height: Math.ceil(previous.height / 2), width: Math.ceil(previous.width / 2) });
    } else {
      sizes.push({
        height: Math.ceil(padded.height / 2 ** level),
        width: Math.ceil(padded.width / 2 ** level),
      });
    }
  }
  return sizes;
}

/** Centre of cell `index` along one axis: index · s + floor(s / 2). */
export function cellCenter(index: number, stride: number): number {
  return index * stride + (stride >> 1);
}

/** Smallest size that holds every image and divides by `sizeDivisor`. */
export function paddedSize(config: DetectorConfig, sizes: readonly MapSize[]): MapSize {
  const up = (side: number): number => Math.ceil(side / config.sizeDivisor) * config.sizeDivisor;
  return {
    height: up(Math.max(...sizes.map((size) => size.height))),
    width: up(Math.max(...sizes.map((size) => size.width))),
  };
}

/** Test-time size: short side to `resizeShortSide` unless the long side would pass `resizeLongSide`; halves round up. */
export function testSize(config: DetectorConfig, image: MapSize): MapSize {
  let scale = config.resizeShortSide / Math.min(image.height, image.width);
  if (scale * Math.max(image.height, image.width) > config.resizeLongSide) {
    scale = config.resizeLongSide / Math.max(image.height, image.width);
  }
  return {
    height: Math.max(1, Math.floor(image.height * scale + 0.5)),
    width: Math.max(1, Math.floor(image.width * scale + 0.5)),
  };
}
