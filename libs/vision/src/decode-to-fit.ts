import {
  damagedImage,
  decodeImage,
  openImage,
  readImageHeader,
  type DecodeImageOptions,
  type ImageHeader,
} from './decode-image.ts';
import { resizeImage, type ImageSize } from './resize-image.ts';
import type { RgbImage } from './types.ts';

/** A picture made smaller than its file. */
export interface FittedImage {
  readonly image: RgbImage;
  /** Size of the whole picture, upright. */
  readonly original: ImageSize;
}

/** Above so many pixels not even transparency is worth the whole picture in memory. */
const MOST_WHOLE_PIXELS = 16e6;

/**
 * Decodes an image as {@link decodeImage} and shrinks it while it is decoded, so that a picture of 100 million pixels never
 * lies in memory whole. `fit` gets the upright size and names the one that is wanted; a picture that would have to grow is returned
 * as it is. JPEG data skips the frequencies that are not needed but leaves the last halving to the antialiased filter.
 * @throws INVALID_ARGUMENT as {@link decodeImage}
 */
export async function decodeToFit(
  bytes: Uint8Array,
  fit: (original: ImageSize) => ImageSize,
  options: DecodeImageOptions = {},
): Promise<FittedImage> {
  const header = await readImageHeader(bytes, options);
  const known = { ...options, header };
  const original = uprightSize(header);
  const wanted = fit(original);
  const shrinks = wanted.width < original.width || wanted.height < original.height;
  if (!shrinks) return { image: await decodeImage(bytes, known), original };
  // While it resizes, sharp weighs colours by their transparency, which we drop.
  if (header.hasAlpha && original.width * original.height <= MOST_WHOLE_PIXELS) {
    return { image: await resizeImage(await decodeImage(bytes, known), wanted), original };
  }
  try {
    const { data, info } = await openImage(bytes)
      .autoOrient()
      .resize(wanted.width, wanted.height, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { image: { width: info.width, height: info.height, data }, original };
  } catch (error) {
    throw damagedImage(header, error);
  }
}

/**
 * Size of an image as {@link decodeImage} returns it, from its header alone.
 * @throws INVALID_ARGUMENT as {@link decodeImage}, except for damage behind the header.
 */
export async function readImageSize(bytes: Uint8Array, options: DecodeImageOptions = {}): Promise<ImageSize> {
  return uprightSize(await readImageHeader(bytes, options));
}

/** EXIF orientations 5 to 8 lie on their side. */
export function uprightSize({ width, height, orientation }: ImageHeader): ImageSize {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}
