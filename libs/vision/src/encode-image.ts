import sharp, { type Sharp } from 'sharp';
import type { RgbImage } from './types.ts';

/** A lossless PNG file of the picture. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  return fromPixels(image).png({ compressionLevel: 6 }).toBuffer();
}

export interface EncodeJpegOptions {
  /** 1 to 100. @default 90 */
  readonly quality?: number;
}

/** A JPEG file of the picture, colour at full resolution. */
export async function encodeJpeg(
  image: RgbImage,
  { quality = 90 }: EncodeJpegOptions = {},
): Promise<Uint8Array> {
  return fromPixels(image).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
}

/** A sharp pipeline over the picture's pixels. */
export function fromPixels({ width, height, data }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}
