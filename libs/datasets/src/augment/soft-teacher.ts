import { fitShortSide, type TrainingSample } from '@cassl/vision';
import type { Random } from '../random.ts';
import type { Augmentation } from './augmentation.ts';
import { applyColorOperation, colorOperations } from './color-operations.ts';
import { erasePatches } from './erase.ts';
import { rotation, shearX, shearY, translation } from './geometric-operations.ts';
import { resizeSample } from './resize-sample.ts';
import { warpSample } from './warp-affine.ts';
import { flipHalf } from './weak.ts';

// Short side U(400, 1200), long side at most 1333, for test size 800.
const shortSideShares = [400 / 800, 1200 / 800] as const;
const longSideShare = 1333 / 800;
const fill = 125;

/** Soft Teacher's labeled branch (method.md 1.7 c): resize, flip, one colour operation. */
export function softTeacherLabeled(size: number): Augmentation {
  return (sample, random) => oneColor(resizeAndFlip(sample, random, size), random);
}

/** Soft Teacher's strong branch (method.md 1.7 c): the labeled one, a geometric operation in random order, erasing. */
export function softTeacherStrong(size: number): Augmentation {
  return (sample, random) => {
    const resized = resizeAndFlip(sample, random, size);
    const changed = random.chance(0.5)
      ? oneGeometric(oneColor(resized, random), random)
      : oneColor(oneGeometric(resized, random), random);
    return { ...changed, image: erasePatches(changed.image, random) };
  };
}

function resizeAndFlip(sample: TrainingSample, random: Random, size: number): TrainingSample {
  const [low, high] = shortSideShares;
  const shortSide = random.integer(Math.round(low * size), Math.round(high * size));
  const target = fitShortSide(sample.image, shortSide, Math.round(longSideShare * size));
  return flipHalf(resizeSample(sample, target), random);
}

function oneColor(sample: TrainingSample, random: Random): TrainingSample {
  const operation = random.choice(colorOperations);
  return { ...sample, image: applyColorOperation(sample.image, operation, random.integer(1, 9)) };
}

const geometricOperations = ['translate-x', 'translate-y', 'rotate', 'shear'] as const;

function oneGeometric(sample: TrainingSample, random: Random): TrainingSample {
  return applyGeometric(sample, random.choice(geometricOperations), random);
}

/** One geometric operation at a random strength. */
function applyGeometric(
  sample: TrainingSample,
  operation: (typeof geometricOperations)[number],
  random: Random,
): TrainingSample {
  const { width, height } = sample.image;
  switch (operation) {
    case 'translate-x':
      return warpSample(sample, translation(random.uniform(-0.1, 0.1) * width, 0), fill);
    case 'translate-y':
      return warpSample(sample, translation(0, random.uniform(-0.1, 0.1) * height), fill);
    case 'rotate':
      return warpSample(sample, rotation(random.uniform(-30, 30), width / 2, height / 2), fill);
    case 'shear': {
      const sheared = warpSample(sample, shearX(shearAmount(random)), fill);
      return warpSample(sheared, shearY(shearAmount(random)), fill);
    }
  }
}

/** At most tanh(30 degrees in radians) = 0.4805 either way. */
function shearAmount(random: Random): number {
  return Math.tanh((random.uniform(-30, 30) * Math.PI) / 180);
}
