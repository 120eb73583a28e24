import { invalidArgument } from '@cassl/errors';
import type { Augmentation } from './augmentation.ts';
import { largeScaleJitter } from './large-scale-jitter.ts';
import { saAutoAugment } from './sa-auto-augment.ts';
import { scaleJitter } from './scale-jitter.ts';
import { softTeacherLabeled, softTeacherStrong } from './soft-teacher.ts';
import { plainResize, weakAugmentation } from './weak.ts';

/**
 * | policy | what (method.md 1.7) | `size` is |
 * |---|---|---|
 * | `none` | resize to the test size | the short side |
 * | `weak` | flip, short side from 0.8..1 of `size` | the test short side |
 * | `jitter` | flip, zoom 0.75..1.33 cropped or padded, one colour operation: for small pictures | the canvas' long side |
 * | `jitter-no-color` | the same without colour | the canvas' long side |
 * | `large-scale-jitter` | (a) flip, zoom 0.1..2 on a square canvas | the canvas' side |
 * | `sa-auto-augment` | weak, then (b) zoom in, mosaic, scale, box level | the test short side |
 * | `soft-teacher-labeled` | (c) short side 0.5..1.5 of `size`, flip, one colour operation | the test short side |
 * | `soft-teacher-strong` | (c) the same, one geometric operation, erasing | the test short side |
 */
export const augmentPolicies = [
  'none',
  'weak',
  'jitter',
  'jitter-no-color',
  'large-scale-jitter',
  'sa-auto-augment',
  'soft-teacher-labeled',
  'soft-teacher-strong',
] as const;

export type AugmentPolicy = (typeof augmentPolicies)[number];

/** @throws INVALID_ARGUMENT for a size that is not a whole number from 16 on. */
export function createAugmentation(policy: AugmentPolicy, size: number): Augmentation {
  if (!Number.isInteger(size) || size < 16) {
    throw invalidArgument(`augmentation: size must be a whole number of at least 16 pixels, got ${size}`);
  }
  switch (policy) {
    case 'none':
      return plainResize(size);
    case 'weak':
      return weakAugmentation(size);
    case 'jitter':
      return scaleJitter({ size });
    case 'jitter-no-color':
      return scaleJitter({ size, color: false });
    case 'large-scale-jitter':
      return largeScaleJitter(size);
    case 'sa-auto-augment': {
      const weak = weakAugmentation(size);
      const scaleAware = saAutoAugment();
      return async (sample, random, context) =>
        scaleAware(await weak(sample, random, context), random, context);
    }
    case 'soft-teacher-labeled':
      return softTeacherLabeled(size);
    case 'soft-teacher-strong':
      return softTeacherStrong(size);
  }
}
