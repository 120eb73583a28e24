import { createHash } from 'node:crypto';
import { readImageBytes } from '@cassl/datasets';
import type { ImageLocation } from '@cassl/labels';
import { decodeToFit, encodeJpeg } from '@cassl/vision';
import { openFileCache } from './file-cache.ts';

/** Pixels of the long side that are made: of a tile, and of a picture that is looked at alone. */
export const PICTURE_SIZES = [320, 1600] as const;
export type PictureSize = (typeof PICTURE_SIZES)[number];

export interface Thumbnails {
  /**
   * The picture as a JPEG of at most this size, made when it is first asked for.
   * @throws as `readImageBytes` and `decodeImage`: outside of the allowed places, not an image
   */
  get(location: ImageLocation, size: PictureSize): Promise<Uint8Array<ArrayBuffer>>;
}

/** @param maxBytes what the folder may take; the oldest go first */
export function createThumbnails(folder: string, maxBytes: number): Thumbnails {
  const cache = openFileCache(folder, maxBytes);
  const running = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  return {
    async get(location, size) {
      const name = `${createHash('sha256')
        .update(JSON.stringify([location, size]))
        .digest('hex')}.jpg`;
      // Two who ask at once get one making.
      const found = running.get(name) ?? fetchOrMake(name, location, size);
      running.set(name, found);
      try {
        return await found;
      } finally {
        running.delete(name);
      }
    },
  };

  async function fetchOrMake(
    name: string,
    location: ImageLocation,
    size: PictureSize,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const kept = await cache.get(name);
    if (kept !== undefined) return kept;
    const made = await make(location, size);
    await cache.put(name, made);
    return made;
  }
}

async function make(location: ImageLocation, size: PictureSize): Promise<Uint8Array<ArrayBuffer>> {
  const { image } = await decodeToFit(await readImageBytes(location), ({ width, height }) => {
    const scale = Math.min(1, size / Math.max(width, height));
    return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  });
  return new Uint8Array(await encodeJpeg(image, { quality: 80 }));
}
