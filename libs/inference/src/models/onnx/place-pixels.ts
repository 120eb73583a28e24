import type { FittedSize, PreparedImage } from '@cassl/detector';
import type { RgbImage } from '@cassl/vision';

/**
 * The graph's input [B, 3, H, W] on a 0–255 scale: each picture enlarged to its place in the top left corner, half-pixel bilinear
 * as our engine enlarges, and around it the pixel that normalises to 0.
 * @param fits of one padded size
 */
export function placePixels(
  images: readonly PreparedImage[],
  fits: readonly FittedSize[],
  padding: readonly number[],
): { readonly values: Float32Array; readonly shape: readonly [number, number, number, number] } {
  const { height, width } = fits[0]?.padded ?? { height: 0, width: 0 };
  const area = height * width;
  const values = new Float32Array(images.length * 3 * area);
  images.forEach(({ pixels }, index) => {
    const { resized } = fits[index] ?? { resized: pixels };
    padding.forEach((value, channel) => {
      const plane = values.subarray((index * 3 + channel) * area, (index * 3 + channel + 1) * area);
      plane.fill(value);
      if (pixels.width === resized.width && pixels.height === resized.height) {
        copyPlane(pixels, channel, plane, width);
      } else enlargePlane(pixels, resized, channel, plane, width);
    });
  });
  return { values, shape: [images.length, 3, height, width] };
}

function copyPlane(
  { data, height, width }: RgbImage,
  channel: number,
  plane: Float32Array,
  stride: number,
): void {
  for (let y = 0, from = channel; y < height; y++) {
    for (let at = y * stride, end = at + width; at < end; at++, from += 3) plane[at] = data[from] as number;
  }
}

function enlargePlane(
  { data, height, width }: RgbImage,
  resized: { readonly height: number; readonly width: number },
  channel: number,
  plane: Float32Array,
  stride: number,
): void {
  const rows = neighbours(height, resized.height);
  const columns = neighbours(width, resized.width);
  const row = new Float32Array(width);
  rows.forEach(({ low: top, high: bottom, share: below }, y) => {
    for (let x = 0; x < width; x++) {
      const above = data[(top * width + x) * 3 + channel] as number;
      row[x] = above + ((data[(bottom * width + x) * 3 + channel] as number) - above) * below;
    }
    columns.forEach(({ low, high, share }, x) => {
      const left = row[low] as number;
      plane[y * stride + x] = left + ((row[high] as number) - left) * share;
    });
  });
}

interface Neighbours {
  readonly low: number;
  readonly high: number;
  /** Of `high`. */
  readonly share: number;
}

function neighbours(from: number, to: number): Neighbours[] {
  return Array.from({ length: to }, (_, out): Neighbours => {
    const position = Math.max(0, ((out + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(position), from - 1);
    return { low, high: Math.min(low + 1, from - 1), share: position - low };
  });
}
