import { decodeMask, rleArea, type RgbImage, type TrainingSample } from '@cassl/vision';
import type { LabeledImage } from '../dataset.ts';

/** An image with its trainable labels: crowds, and masks too thin to hold a pixel, are left out (method.md 1.6). */
export function createSample(
  { key, instances }: LabeledImage,
  image: RgbImage,
  masks: 'keep' | 'require' | 'drop' = 'keep',
): TrainingSample {
  return {
    key,
    image,
    instances: instances.flatMap(({ box, category, mask, crowd }) => {
      if (crowd) return [];
      if (masks === 'drop') return { box, category };
      if (mask === undefined) return masks === 'require' ? [] : { box, category };
      return rleArea(mask) === 0 ? [] : { box, category, mask: decodeMask(mask) };
    }),
  };
}

/** True where {@link createSample} would find something to learn from. */
export function isTrainable({ instances }: LabeledImage, masks: 'keep' | 'require' | 'drop'): boolean {
  return instances.some(({ crowd, mask }) => !crowd && (masks !== 'require' || mask !== undefined));
}
