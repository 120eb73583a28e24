import { type RgbImage, resizeImage } from '@cassl/vision';
import type { DetectorConfig } from '../config.ts';
import type { MapSize } from '../pyramid.ts';
import type { InferenceBatch } from './detect-batch.ts';
import { fitImage } from './fit-image.ts';
import type { PlacedImage } from './place-images.ts';

/** A picture on its way into the network: of its own size, or resized while it was decoded. */
export interface PreparedImage {
  readonly pixels: RgbImage;
  /** Size that detections are wanted in. */
  readonly original: MapSize;
}

/** Places in `images` of batches that share one padded size. */
export function groupImages(
  config: DetectorConfig,
  images: readonly PreparedImage[],
  batchSize: number,
): number[][] {
  const groups = new Map<string, number[]>();
  images.forEach(({ original }, index) => {
    const { height, width } = fitImage(config, original).padded;
    const key = `${height}x${width}`;
    groups.set(key, [...(groups.get(key) ?? []), index]);
  });
  return [...groups.values()].flatMap((indices) =>
    Array.from({ length: Math.ceil(indices.length / batchSize) }, (_, batch) =>
      indices.slice(batch * batchSize, (batch + 1) * batchSize),
    ),
  );
}

/** Shrinks what is larger than its place in the input; images that share one padded size. */
export async function loadBatch(
  config: DetectorConfig,
  images: readonly PreparedImage[],
): Promise<InferenceBatch> {
  const fits = images.map(({ original }) => fitImage(config, original));
  return {
    padded: fits[0]!.padded,
    images: await Promise.all(
      images.map(async ({ pixels }, index): Promise<PlacedImage> => {
        const { resized } = fits[index]!;
        const shrinks = resized.width < pixels.width || resized.height < pixels.height;
        return { pixels: shrinks ? await resizeImage(pixels, resized) : pixels, resized };
      }),
    ),
    original: images.map(({ original }) => original),
  };
}
