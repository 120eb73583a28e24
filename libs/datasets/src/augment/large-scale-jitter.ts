import { fitInside } from './fit-inside.ts';
import { placeOnCanvas } from './place-on-canvas.ts';
import { resizeSample } from './resize-sample.ts';
import { flipHalf } from './weak.ts';
import type { Augmentation } from './augmentation.ts';

/** Policy (a) of method.md 1.7: flip, zoom U(0.1, 2) into a square canvas, one shared offset for both axes. */
export function largeScaleJitter(size: number): Augmentation {
  return (sample, random) => {
    const flipped = flipHalf(sample, random);
    const resized = resizeSample(flipped, fitInside(sample.image, size * random.uniform(0.1, 2)));
    const share = random.next();
    const offset = (length: number): number => -Math.round(share * Math.max(0, length - size));
    const { width, height } = resized.image;
    return placeOnCanvas(resized, {
      width: size,
      height: size,
      x: offset(width),
      y: offset(height),
      fill: 128,
    });
  };
}
