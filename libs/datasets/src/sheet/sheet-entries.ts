import type { RgbImage, TrainingSample } from '@cassl/vision';
import type { AugmentContext } from '../augment/augmentation.ts';
import { applyColorOperation, colorOperations } from '../augment/color-operations.ts';
import { solarizeAdd } from '../augment/color-tables.ts';
import { augmentPolicies, createAugmentation } from '../augment/create-augmentation.ts';
import { erasePatches } from '../augment/erase.ts';
import { flipHorizontally } from '../augment/flip.ts';
import { rotation, shearX, shearY, translation } from '../augment/geometric-operations.ts';
import { mosaic } from '../augment/mosaic.ts';
import { resizeSample } from '../augment/resize-sample.ts';
import { zoomIn } from '../augment/sa-auto-augment.ts';
import { augmentBoxes, subPolicies } from '../augment/sa-box-level.ts';
import { warpSample, type Affine } from '../augment/warp-affine.ts';
import { createRandom, type Random } from '../random.ts';

/** One picture of the sheet: a named operator applied to the example. */
export interface SheetEntry {
  readonly caption: string;
  readonly make: (sample: TrainingSample) => TrainingSample | Promise<TrainingSample>;
}

/** Every operator at its weakest and strongest, then every policy a few times; the same seed, the same sheet. */
export function sheetEntries(samples: readonly TrainingSample[], size: number, seed: number): SheetEntry[] {
  const random = (name: string): Random => createRandom(seed, 'sheet', name);
  const context: AugmentContext = {
    progress: 1,
    earlierCount: samples.length - 1,
    earlier: (steps) => Promise.resolve(samples[steps]!),
  };
  const picture = (caption: string, change: (image: RgbImage) => RgbImage): SheetEntry => ({
    caption,
    make: (sample) => ({ ...sample, image: change(sample.image) }),
  });
  const warp = (caption: string, affine: (image: RgbImage) => Affine): SheetEntry => ({
    caption,
    make: (sample) => warpSample(sample, affine(sample.image), 125),
  });
  return [
    { caption: 'original', make: (sample) => sample },
    { caption: 'flip', make: flipHorizontally },
    { caption: 'resize x0.5', make: (sample) => scaled(sample, 0.5, 'bilinear') },
    { caption: 'resize x1.25 nearest', make: (sample) => scaled(sample, 1.25, 'nearest') },
    ...colorOperations
      .filter((operation) => operation !== 'identity')
      .flatMap((operation) => {
        const hasLevels = operation !== 'autocontrast' && operation !== 'equalize';
        return (hasLevels ? [1, 9] : [1]).map((level) =>
          picture(`${operation}${hasLevels ? ` level ${level}` : ''}`, (image) =>
            applyColorOperation(image, operation, level),
          ),
        );
      }),
    picture('solarize-add', (image) => solarizeAdd(image, 22)),
    warp('translate-x 0.1', ({ width }) => translation(0.1 * width, 0)),
    warp('translate-y -0.1', ({ height }) => translation(0, -0.1 * height)),
    warp('rotate 30', ({ width, height }) => rotation(30, width / 2, height / 2)),
    warp('rotate -30', ({ width, height }) => rotation(-30, width / 2, height / 2)),
    warp('shear-x 0.48', () => shearX(0.48)),
    warp('shear-y -0.48', () => shearY(-0.48)),
    picture('erase', (image) => erasePatches(image, random('erase'))),
    { caption: 'zoom in 1.2', make: (sample) => zoomIn(sample, random('zoom')) },
    { caption: 'mosaic', make: (sample) => mosaic([sample, ...samples.slice(1, 4)]) },
    ...subPolicies.map(({ name }, index): SheetEntry => ({
      caption: `boxes: ${name}`,
      make: (sample) => augmentBoxes(sample, eager(random(name), index), 1),
    })),
    ...augmentPolicies.flatMap((policy) =>
      // The test view draws nothing.
      (policy === 'none' ? [1] : [1, 2, 3]).map((turn): SheetEntry => ({
        caption: `${policy} ${turn}`,
        make: (sample) => createAugmentation(policy, size)(sample, random(`${policy} ${turn}`), context),
      })),
    ),
  ];
}

function scaled(
  sample: TrainingSample,
  factor: number,
  interpolation: 'bilinear' | 'nearest',
): TrainingSample {
  const width = Math.round(sample.image.width * factor);
  const height = Math.round(sample.image.height * factor);
  return resizeSample(sample, { width, height, interpolation });
}

/** Says yes to every chance and takes one sub-policy, so that the sheet shows what is rare in training. */
function eager(random: Random, index: number): Random {
  return { ...random, chance: () => true, choice: (items) => items[index]! };
}
