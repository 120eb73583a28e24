import sharp, { type Metadata, type Sharp } from 'sharp';
import { errorMessage, invalidArgument, type CasslError } from '@cassl/errors';
import { decodeSmallJpeg } from './decode-small-jpeg.ts';
import { describeBytes } from './describe-bytes.ts';
import { readPlainJpegHeader } from './plain-jpeg-header.ts';
import type { RgbImage } from './types.ts';

export interface DecodeImageOptions {
  /** Largest width x height, read from the header before any pixel is decoded. @default 100e6 */
  readonly maxPixels?: number;
  /** What {@link readImageHeader} said of the same bytes, where it was asked before. */
  readonly header?: ImageHeader;
}

/** What a file says of its picture before any pixel is decoded. */
export interface ImageHeader {
  readonly format: string;
  /** As stored, before orientation. */
  readonly width: number;
  readonly height: number;
  /** Of EXIF, 1 to 8; from 5 on the picture lies on its side. */
  readonly orientation: number;
  readonly hasAlpha: boolean;
  /** A JPEG that needs no more than its decoder: no EXIF, no profile, usual sampling. */
  readonly isSimpleJpeg: boolean;
}

/** What cameras, browsers and datasets use; vector formats and documents are none of it. */
const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif', 'avif'];
const DEFAULT_MAX_PIXELS = 100e6;
/** Decoded in less than half a millisecond, which is what a thread would take to come and go. */
const SMALL_PIXELS = 2 ** 16;

/**
 * Decodes an image file to 8-bit RGB, turned upright by its EXIF orientation; transparency is dropped and of an animation
 * only the first frame is read.
 * @throws INVALID_ARGUMENT for no bytes, bytes that are no image, a format outside JPEG, PNG, WebP, GIF, TIFF and AVIF (HEIC is HEVC, which
 *   libvips' free build cannot decode),
 *   more than `maxPixels` pixels, and pixel data that ends early or is damaged.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeImageOptions = {}): Promise<RgbImage> {
  const header = await readImageHeader(bytes, options);
  const isSmall = header.isSimpleJpeg && header.width * header.height <= SMALL_PIXELS;
  return (isSmall ? await decodeSmallJpeg(bytes, header) : undefined) ?? decodeByVips(bytes, header);
}

async function decodeByVips(bytes: Uint8Array, header: ImageHeader): Promise<RgbImage> {
  try {
    const { data, info } = await openImage(bytes)
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw damagedImage(header, error);
  }
}

/** The error for pixel data that sharp cannot read to its end. */
export function damagedImage({ format, width, height }: ImageHeader, cause: unknown): CasslError {
  return invalidArgument(
    `image: the ${format} data (${width} x ${height}) is truncated or damaged: ${firstLine(cause)}`,
    { cause },
  );
}

/**
 * What an image file says in its header alone.
 * @throws INVALID_ARGUMENT as {@link decodeImage}, except for damage behind the header.
 */
export async function readImageHeader(
  bytes: Uint8Array,
  { maxPixels = DEFAULT_MAX_PIXELS, header: known }: DecodeImageOptions = {},
): Promise<ImageHeader> {
  if (bytes.length === 0) throw invalidArgument('image: there are no bytes');
  const header = known ?? plainJpeg(bytes) ?? (await openHeader(bytes));
  const { width, height } = header;
  if (width * height > maxPixels) {
    throw invalidArgument(
      `image: ${width} x ${height} is ${width * height} pixels; the limit is ${Math.floor(maxPixels)}`,
    );
  }
  return header;
}

function plainJpeg(bytes: Uint8Array): ImageHeader | undefined {
  const header = readPlainJpegHeader(bytes);
  if (header === undefined) return undefined;
  const { width, height, isSimple: isSimpleJpeg } = header;
  return { format: 'jpeg', width, height, orientation: 1, hasAlpha: false, isSimpleJpeg };
}

async function openHeader(bytes: Uint8Array): Promise<ImageHeader> {
  let metadata: Metadata;
  try {
    metadata = await openImage(bytes).metadata();
  } catch (error) {
    const kind = describeBytes(bytes);
    const why = kind === undefined ? 'they begin like nothing that is known' : `they are ${kind}`;
    throw invalidArgument(`image: the ${bytes.length} bytes are not an image that can be read: ${why}`, {
      cause: error,
    });
  }
  const { format, width, height, compression, orientation = 1, hasAlpha } = metadata;
  if (!FORMATS.includes(format)) {
    const kind = describeBytes(bytes);
    throw invalidArgument(
      `image: the format is ${format}${kind === undefined ? '' : ` (${kind})`}; it must be one of ${FORMATS.join(', ')}`,
    );
  }
  if (format === 'heif' && compression !== 'av1') {
    throw invalidArgument(
      `image: a HEIF file coded with ${(compression ?? 'an unknown codec').toUpperCase()} cannot be decoded, only AVIF (AV1) can; convert HEIC photos to JPEG or AVIF`,
    );
  }
  return { format, width, height, orientation, hasAlpha, isSimpleJpeg: false };
}

/** The limit on pixels is checked by {@link readImageHeader} with a message of our own, so sharp's is off. */
export function openImage(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: false, failOn: 'error' });
}

function firstLine(error: unknown): string {
  return errorMessage(error).split('\n')[0]!;
}
