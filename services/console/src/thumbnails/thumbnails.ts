import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { readImageBytes } from '@cassl/datasets';
import type { ImageLocation } from '@cassl/labels';
import { takeTurns } from '@cassl/rpc';
import { decodeToFit, encodeJpeg } from '@cassl/vision';
import { openFileCache } from './file-cache.ts';

/** Pixels of the long side that are made: of a tile, and of a picture that is looked at alone. */
export const PICTURE_SIZES = [320, 1600] as const;
export type PictureSize = (typeof PICTURE_SIZES)[number];

export interface Thumbnails {
  /**
   * The picture as a JPEG of at most this size, made when it is first asked for.
   * @param signal of who asks: what nobody waits for any more is not made
   * @throws as `readImageBytes` and `decodeImage`: outside of the allowed places, not an image
   */
  get(location: ImageLocation, size: PictureSize, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Pictures that are decoded at a time. Node does four things beside its main thread, and reading what is kept is one of them: decoding
 * may not take all four.
 */
const AT_ONCE = Math.min(3, availableParallelism());
/** Browsers ask for five at a time each. */
const WAITING = 1000;

/** A picture on its way, for everybody who asks meanwhile. */
interface Coming {
  readonly picture: Promise<Uint8Array<ArrayBuffer>>;
  readonly gone: AbortController;
  askers: number;
}

/** @param maxBytes what the folder may take; the oldest go first */
export function createThumbnails(folder: string, maxBytes: number): Thumbnails {
  const cache = openFileCache(folder, maxBytes);
  const coming = new Map<string, Coming>();
  const inTurn = takeTurns({ what: 'pictures', atOnce: AT_ONCE, waiting: WAITING });
  return {
    async get(location, size, signal) {
      const name = `${createHash('sha256')
        .update(JSON.stringify([location, size]))
        .digest('hex')}.jpg`;
      const one = coming.get(name) ?? start(name, location, size);
      one.askers += 1;
      const leave = (): void => {
        one.askers -= 1;
        if (one.askers > 0) return;
        if (coming.get(name) === one) coming.delete(name);
        one.gone.abort();
      };
      signal?.addEventListener('abort', leave, { once: true });
      try {
        return await one.picture;
      } finally {
        signal?.removeEventListener('abort', leave);
      }
    },
  };

  function start(name: string, location: ImageLocation, size: PictureSize): Coming {
    const gone = new AbortController();
    const one = { picture: fetchOrMake(name, location, size, gone.signal), gone, askers: 0 };
    coming.set(name, one);
    const forget = (): void => {
      if (coming.get(name) === one) coming.delete(name);
    };
    one.picture.then(forget, forget);
    return one;
  }

  async function fetchOrMake(
    name: string,
    location: ImageLocation,
    size: PictureSize,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const kept = await cache.get(name);
    if (kept !== undefined) return kept;
    const made = await inTurn(signal, () => make(location, size));
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
