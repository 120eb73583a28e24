import sharp from 'sharp';
import { errorMessage, invalidArgument } from '@cassl/errors';
import { readImageHeader, type DecodeImageOptions } from './decode-image.ts';

/** Segment ids of a panoptic image, row-major. */
export interface IdMap {
  readonly width: number;
  readonly height: number;
  readonly ids: Int32Array;
}

/**
 * Reads a COCO panoptic PNG: the id of a pixel is R + 256 G + 65536 B; 0 is void.
 * @throws INVALID_ARGUMENT for anything but an 8-bit colour PNG.
 */
export async function readPngIds(bytes: Uint8Array, options: DecodeImageOptions = {}): Promise<IdMap> {
  const { format } = await readImageHeader(bytes, options);
  if (format !== 'png') throw invalidArgument(`panoptic image: the format is ${format}; it must be png`);
  // Ids are not colours: no profile and no gamma may touch them.
  const image = sharp(bytes, { limitInputPixels: false, failOn: 'error', ignoreIcc: true });
  const { channels, depth } = await image.metadata();
  if (channels < 3 || depth !== 'uchar') {
    throw invalidArgument(
      `panoptic image: it has ${channels} channels of type ${depth}; it must have 3 of 8 bits (id = R + 256 G + 65536 B)`,
    );
  }
  try {
    const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const ids = new Int32Array(info.width * info.height);
    for (let pixel = 0, at = 0; pixel < ids.length; pixel++, at += 3) {
      ids[pixel] = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16);
    }
    return { width: info.width, height: info.height, ids };
  } catch (error) {
    throw invalidArgument(`panoptic image: the PNG data is truncated or damaged: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** Writes ids as a COCO panoptic PNG. @throws INVALID_ARGUMENT for an id outside [0, 2^24). */
export async function encodePngIds({ width, height, ids }: IdMap): Promise<Uint8Array> {
  const data = new Uint8Array(3 * ids.length);
  ids.forEach((id, pixel) => {
    if (id < 0 || id >= 2 ** 24)
      throw invalidArgument(`panoptic image: id ${id} must be within [0, ${2 ** 24 - 1}]`);
    data[3 * pixel] = id & 0xff;
    data[3 * pixel + 1] = (id >> 8) & 0xff;
    data[3 * pixel + 2] = id >> 16;
  });
  return sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .png()
    .toBuffer();
}
