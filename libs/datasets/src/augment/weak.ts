import { fitShortSide, type TrainingSample } from '@cassl/vision';
import type { Random } from '../random.ts';
import { flipHorizontally } from './flip.ts';
import { resizeSample } from './resize-sample.ts';
import type { Augmentation } from './augmentation.ts';

// method.md 1.7: short side from {640, 672, ... 800}, long side at most 1333, for test size 800.
const shortSideShares = [0.8, 0.84, 0.88, 0.92, 0.96, 1];
const longSideShare = 1333 / 800;

/** Conventional multi-scale training: flip one time in two, then one of six short sides up to `size`; no colour. */
export function weakAugmentation(size: number): Augmentation {
  const longSide = Math.round(size * longSideShare);
  return (sample, random) => {
    const shortSide = Math.round(random.choice(shortSideShares) * size);
    return resizeSample(flipHalf(sample, random), fitShortSide(sample.image, shortSide, longSide));
  };
}

/** The test-time view: short side `size`, long side at most 1333/800 of it, no flip. */
export function plainResize(size: number): Augmentation {
  const longSide = Math.round(size * longSideShare);
  return (sample) => resizeSample(sample, fitShortSide(sample.image, size, longSide));
}

/** Flips one sample in two. */
export function flipHalf(sample: TrainingSample, random: Random): TrainingSample {
  return random.chance(0.5) ? flipHorizontally(sample) : sample;
}
