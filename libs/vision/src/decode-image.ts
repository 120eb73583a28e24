import sharp, { type Metadata, type Sharp } from 'sharp';
import { errorMessage, invalidArgument, type CasslError } from '@cassl/errors';
import type { RgbImage } from './types.ts';

export interface DecodeImageOptions {
  /** Largest width x height, read from the header before any pixel is decoded. @default 100e6 */
  readonly maxPixels?: number;
}

/** What cameras, browsers and datasets use; vector formats and documents are none of it. */
const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif', 'avif'];
const DEFAULT_MAX_PIXELS = 100e6;

/**
 * Decodes an image file to 8-bit RGB, turned upright by its EXIF orientation; transparency is dropped and of an animation
 * only the first frame is read.
 * @throws INVALID_ARGUMENT for no bytes, bytes that are no image, a format outside JPEG, PNG, WebP, GIF, TIFF and AVIF (HEIC is HEVC, which
 *   libvips' free build cannot decode),
 *   more than `maxPixels` pixels, and pixel data that ends early or is damaged.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeImageOptions = {}): Promise<RgbImage> {
  const metadata = await readMetadata(bytes, options);
  try {
    const { data, info } = await openImage(bytes)
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw damagedImage(metadata, error);
  }
}

/** The error for pixel data that sharp cannot read to its end. */
export function damagedImage({ format, width, height }: Metadata, cause: unknown): CasslError {
  return invalidArgument(
    `image: the ${format} data (${width} x ${height}) is truncated or damaged: ${firstLine(cause)}`,
    { cause },
  );
}

/**
 * Format and size of an image file from its header alone, before orientation, and its EXIF orientation (1 to 8).
 * @throws INVALID_ARGUMENT as {@link decodeImage}, except for damage behind the header.
 */
export async function readImageHeader(
  bytes: Uint8Array,
  options: DecodeImageOptions = {},
): Promise<{ format: string; width: number; height: number; orientation: number }> {
  const { format, width, height, orientation = 1 } = await readMetadata(bytes, options);
  return { format, width, height, orientation };
}

/** All that sharp says of a header. @throws INVALID_ARGUMENT as {@link readImageHeader} */
export async function readMetadata(
  bytes: Uint8Array,
  { maxPixels = DEFAULT_MAX_PIXELS }: DecodeImageOptions = {},
): Promise<Metadata> {
  if (bytes.length === 0) throw invalidArgument('image: there are no bytes');
  let header: Metadata;
  try {
    header = await openImage(bytes).metadata();
  } catch (error) {
    throw invalidArgument(
      `image: the ${bytes.length} bytes are not an image that can be read: ${firstLine(error)}`,
      {
        cause: error,
      },
    );
  }
  const { format, width, height, compression } = header;
  if (!FORMATS.includes(format)) {
    throw invalidArgument(`image: the format is ${format}; it must be one of ${FORMATS.join(', ')}`);
  }
  if (format === 'heif' && compression !== 'av1') {
    throw invalidArgument(
      `image: a HEIF file coded with ${(compression ?? 'an unknown codec').toUpperCase()} cannot be decoded, only AVIF (AV1) can; convert HEIC photos to JPEG or AVIF`,
    );
  }
  if (width * height > maxPixels) {
    throw invalidArgument(
      `image: ${width} x ${height} is ${width * height} pixels; the limit is ${Math.floor(maxPixels)}`,
    );
  }
  return header;
}

/** The limit on pixels is checked by {@link readImageHeader} with a message of our own, so sharp's is off. */
export function openImage(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: false, failOn: 'error' });
}

function firstLine(error: unknown): string {
  return errorMessage(error).split('\n')[0]!;
}
