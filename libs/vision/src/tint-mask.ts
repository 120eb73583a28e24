import type { Colour } from './palette.ts';
import { decodeMask } from './decode-mask.ts';
import type { Rle } from './types.ts';

const FILL = 0.42;
const RIM = 0.95;

/** Blends the colour into the pixels of the mask, in place, and draws its rim nearly opaque so that it has an edge. */
export function tintMask(pixels: Uint8Array, rle: Rle, colour: Colour): void {
  const { width, height, data } = decodeMask(rle);
  for (let y = 0, index = 0; y < height; y++) {
    for (let x = 0; x < width; x++, index++) {
      if (data[index] === 0) continue;
      const inside =
        x > 0 &&
        x + 1 < width &&
        y > 0 &&
        y + 1 < height &&
        (data[index - 1]! & data[index + 1]! & data[index - width]! & data[index + width]!) === 1;
      const alpha = inside ? FILL : RIM;
      for (let channel = 0; channel < 3; channel++) {
        const at = 3 * index + channel;
        pixels[at] = pixels[at]! * (1 - alpha) + colour[channel]! * alpha + 0.5;
      }
    }
  }
}
