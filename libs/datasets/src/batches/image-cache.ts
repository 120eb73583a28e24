import type { RgbImage } from '@cassl/vision';

export interface ImageCache {
  /** The picture under `index`, loaded on the first call and kept while the budget lasts. */
  get(index: number, load: () => Promise<RgbImage>): Promise<RgbImage>;
  readonly usedBytes: number;
}

/**
 * Keeps decoded pictures until `budgetBytes` are used and evicts none: a stream of permutations comes back to every image
 * after equally long, so throwing one out for another gains nothing.
 */
export function createImageCache(budgetBytes: number): ImageCache {
  const kept = new Map<number, RgbImage>();
  let usedBytes = 0;
  return {
    get usedBytes() {
      return usedBytes;
    },
    async get(index, load) {
      const found = kept.get(index);
      if (found !== undefined) return found;
      const image = await load();
      if (usedBytes + image.data.byteLength <= budgetBytes && !kept.has(index)) {
        kept.set(index, image);
        usedBytes += image.data.byteLength;
      }
      return image;
    },
  };
}
