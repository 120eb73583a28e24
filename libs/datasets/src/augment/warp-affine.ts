import type { BinaryMask, RgbImage, TrainingSample, Xyxy } from '@cassl/vision';
import { refit } from './tight-box.ts';

/** Output to input: x_in = a x + b y + c, y_in = d x + e y + f, in continuous coordinates (pixel centres at .5). */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export function invertAffine([a, b, c, d, e, f]: Affine): Affine {
  const determinant = a * e - b * d;
  return [
    e / determinant,
    -b / determinant,
    (b * f - c * e) / determinant,
    -d / determinant,
    a / determinant,
    (c * d - a * f) / determinant,
  ];
}

/**
 * Moves picture, masks and boxes by the same map. `outputToInput` is what Pillow's `Image.transform(AFFINE)` takes. Boxes
 * are measured from the moved masks; without a mask they become the axis-aligned hull of the moved corners, clipped.
 */
export function warpSample(sample: TrainingSample, outputToInput: Affine, fill: number): TrainingSample {
  const forward = invertAffine(outputToInput);
  return {
    ...sample,
    image: warpImage(sample.image, outputToInput, fill),
    instances: sample.instances.flatMap((instance) => {
      const mask = instance.mask === undefined ? undefined : warpMask(instance.mask, outputToInput);
      return refit(instance, hull(instance.box, forward), mask, sample.image) ?? [];
    }),
  };
}

/** The axis-aligned box around a box's four moved corners. */
export function hull([x1, y1, x2, y2]: Xyxy, [a, b, c, d, e, f]: Affine): Xyxy {
  const xs = [a * x1 + b * y1, a * x2 + b * y1, a * x1 + b * y2, a * x2 + b * y2];
  const ys = [d * x1 + e * y1, d * x2 + e * y1, d * x1 + e * y2, d * x2 + e * y2];
  return [Math.min(...xs) + c, Math.min(...ys) + f, Math.max(...xs) + c, Math.max(...ys) + f];
}

/** Pillow's bilinear transform: outside the picture `fill`, at its border the edge pixel repeats. */
export function warpImage({ width, height, data }: RgbImage, affine: Affine, fill: number): RgbImage {
  const [a, b, c, d, e, f] = affine;
  const warped = new Uint8Array(data.length).fill(fill);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const u = a * (x + 0.5) + b * (y + 0.5) + c;
      const v = d * (x + 0.5) + e * (y + 0.5) + f;
      if (u < 0 || u >= width || v < 0 || v >= height) continue;
      const left = Math.floor(u - 0.5);
      const top = Math.floor(v - 0.5);
      const fx = u - 0.5 - left;
      const fy = v - 0.5 - top;
      const x1 = left < 0 ? 0 : left;
      const x2 = left + 1 < width ? left + 1 : width - 1;
      const row1 = (top < 0 ? 0 : top) * width;
      const row2 = (top + 1 < height ? top + 1 : height - 1) * width;
      for (let channel = 0; channel < 3; channel++) {
        const upper = mix(data[(row1 + x1) * 3 + channel]!, data[(row1 + x2) * 3 + channel]!, fx);
        const lower = mix(data[(row2 + x1) * 3 + channel]!, data[(row2 + x2) * 3 + channel]!, fx);
        warped[to + channel] = mix(upper, lower, fy);
      }
    }
  }
  return { width, height, data: warped };
}

/** Nearest neighbour, 0 outside. */
export function warpMask({ width, height, data }: BinaryMask, affine: Affine): BinaryMask {
  const [a, b, c, d, e, f] = affine;
  const warped = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to++) {
      const u = Math.floor(a * (x + 0.5) + b * (y + 0.5) + c);
      const v = Math.floor(d * (x + 0.5) + e * (y + 0.5) + f);
      if (u >= 0 && u < width && v >= 0 && v < height) warped[to] = data[v * width + u]!;
    }
  }
  return { width, height, data: warped };
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
