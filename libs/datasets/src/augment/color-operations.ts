import type { RgbImage } from '@cassl/vision';
import { brightness, color, contrast, sharpness } from './color-enhance.ts';
import { autoContrast, equalize, posterize, solarize } from './color-tables.ts';

/** The nine colour operations of Soft Teacher's RandAugment (method.md 1.7 c). */
export const colorOperations = [
  'identity',
  'autocontrast',
  'equalize',
  'solarize',
  'color',
  'contrast',
  'brightness',
  'sharpness',
  'posterize',
] as const;

export type ColorOperation = (typeof colorOperations)[number];

/** Applies an operation at a level from 1 (weakest or darkest) to 9. */
export function applyColorOperation(image: RgbImage, operation: ColorOperation, level: number): RgbImage {
  switch (operation) {
    case 'identity':
      return image;
    case 'autocontrast':
      return autoContrast(image);
    case 'equalize':
      return equalize(image);
    case 'solarize':
      return solarize(image, Math.min(Math.trunc(25.6 * level), 255));
    case 'color':
      return color(image, enhanceFactor(level));
    case 'contrast':
      return contrast(image, enhanceFactor(level));
    case 'brightness':
      return brightness(image, enhanceFactor(level));
    case 'sharpness':
      return sharpness(image, enhanceFactor(level));
    case 'posterize':
      return posterize(image, posterizeBits(level));
  }
}

/** 0.28 .. 1.72. */
export function enhanceFactor(level: number): number {
  return 0.18 * level + 0.1;
}

/** 4, 4, 3, 3, 2, 2, 2, 1, 1. */
export function posterizeBits(level: number): number {
  return 4 - Math.trunc(0.4 * level);
}
