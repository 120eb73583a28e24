import { fromPixels } from './encode-image.ts';
import type { RgbImage } from './types.ts';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** The picture at exactly `width` x `height`, bilinear with antialiasing when it shrinks. */
export async function resizeImage(image: RgbImage, { width, height }: ImageSize): Promise<RgbImage> {
  if (image.width === width && image.height === height) return image;
  const data = await fromPixels(image)
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  return { width, height, data };
}

/** Size after scaling the short side to `shortSide` unless the long side would pass `longSide`; both at least 1. */
export function fitShortSide({ width, height }: ImageSize, shortSide: number, longSide: number): ImageSize {
  const scale = Math.min(shortSide / Math.min(width, height), longSide / Math.max(width, height));
  return {
    width: Math.max(1, Math.floor(width * scale + 0.5)),
    height: Math.max(1, Math.floor(height * scale + 0.5)),
  };
}
