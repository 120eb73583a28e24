import type { RgbImage } from '@cassl/vision';

// PIL's ImageEnhance: the picture is mixed with a degenerate one; factor 0 is degenerate, 1 the picture, above 1 beyond
// it. Pillow mixes in single precision and cuts off the fraction, so we do.

/** PIL's `ImageEnhance.Brightness`: black is degenerate. */
export function brightness(image: RgbImage, factor: number): RgbImage {
  return blendConstant(image, 0, factor);
}

/** PIL's `ImageEnhance.Contrast`: the picture's mean grey is degenerate. */
export function contrast(image: RgbImage, factor: number): RgbImage {
  const { data } = image;
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += luma(data, i);
  return blendConstant(image, Math.floor(sum / (data.length / 3) + 0.5), factor);
}

/** PIL's `ImageEnhance.Color`: the grey picture is degenerate. */
export function color(image: RgbImage, factor: number): RgbImage {
  const { width, height, data } = image;
  const share = Math.fround(factor);
  const changed = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const grey = luma(data, i);
    changed[i] = blend(grey, data[i]!, share);
    changed[i + 1] = blend(grey, data[i + 1]!, share);
    changed[i + 2] = blend(grey, data[i + 2]!, share);
  }
  return { width, height, data: changed };
}

/** PIL's `ImageEnhance.Sharpness`: the smoothed picture (3x3, centre 5 of 13; border kept) is degenerate. */
export function sharpness(image: RgbImage, factor: number): RgbImage {
  const { width, height, data } = image;
  const share = Math.fround(factor);
  const changed = Uint8Array.from(data);
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      const above = data[i - row - 3]! + data[i - row]! + data[i - row + 3]!;
      const below = data[i + row - 3]! + data[i + row]! + data[i + row + 3]!;
      const sum = above + data[i - 3]! + 5 * data[i]! + data[i + 3]! + below;
      changed[i] = blend(Math.floor(sum / 13 + 0.5), data[i]!, share);
    }
  }
  return { width, height, data: changed };
}

function blendConstant({ width, height, data }: RgbImage, degenerate: number, factor: number): RgbImage {
  const share = Math.fround(factor);
  const table = Uint8Array.from({ length: 256 }, (_, value) => blend(degenerate, value, share));
  const changed = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) changed[i] = table[data[i]!]!;
  return { width, height, data: changed };
}

function blend(degenerate: number, value: number, share: number): number {
  const mixed = Math.fround(degenerate + Math.fround(share * (value - degenerate)));
  return mixed <= 0 ? 0 : mixed >= 255 ? 255 : Math.trunc(mixed);
}

/** Rec. 601 in 16-bit fixed point, as Pillow converts to `L`. */
function luma(data: Uint8Array, i: number): number {
  return (data[i]! * 19595 + data[i + 1]! * 38470 + data[i + 2]! * 7471 + 0x8000) >> 16;
}
