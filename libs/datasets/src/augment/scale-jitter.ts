import type { Augmentation } from './augmentation.ts';
import { applyColorOperation, colorOperations } from './color-operations.ts';
import { fitInside } from './fit-inside.ts';
import { placeOnCanvas } from './place-on-canvas.ts';
import { resizeSample } from './resize-sample.ts';
import { flipHalf } from './weak.ts';

export interface ScaleJitterOptions {
  /** Longest side of the canvas in pixels. */
  readonly size: number;
  /** Range of the zoom around the picture that just fits. @default [0.75, 1.33] */
  readonly zoom?: readonly [number, number] | undefined;
  /** @default true */
  readonly color?: boolean | undefined;
}

// A thing of which less than this is left after the crop says more about the crop than about things.
const minVisible = 0.25;

/**
 * The strong policy for small pictures (method.md 1.7, last line): flip, scale jitter and one colour operation. The canvas
 * is the picture fitted into `size`; a larger zoom is cropped at a random place, a smaller one padded at a random place.
 */
export function scaleJitter({ size, zoom = [0.75, 1.33], color = true }: ScaleJitterOptions): Augmentation {
  return (sample, random) => {
    const canvas = fitInside(sample.image, size);
    const ratio = random.uniform(...zoom);
    const width = Math.max(1, Math.round(canvas.width * ratio));
    const height = Math.max(1, Math.round(canvas.height * ratio));
    const resized = resizeSample(flipHalf(sample, random), { width, height });
    const x = Math.round(random.next() * (canvas.width - width));
    const y = Math.round(random.next() * (canvas.height - height));
    const placed = placeOnCanvas(resized, { ...canvas, x, y, fill: 128, minVisible });
    if (!color) return placed;
    const operation = random.choice(colorOperations);
    return { ...placed, image: applyColorOperation(placed.image, operation, random.integer(1, 9)) };
  };
}
