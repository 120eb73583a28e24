import { type RgbImage, resizeImage } from '@cassl/vision';
import type { DetectorConfig } from '../config.ts';
import { createNormaliser } from '../normalise-image.ts';
import type { MapSize } from '../pyramid.ts';
import type { InferenceBatch } from './detect-batch.ts';
import { fitImage } from './fit-image.ts';

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

/** Resizes and normalises images that share one padded size. */
export async function loadBatch(
  config: DetectorConfig,
  images: readonly PreparedImage[],
): Promise<InferenceBatch> {
  const normalise = createNormaliser(config);
  const fits = images.map(({ original }) => fitImage(config, original));
  const { padded } = fits[0]!;
  const resized = await Promise.all(
    images.map(({ pixels }, index) => resizeImage(pixels, fits[index]!.resized)),
  );
  const values = new Float32Array(images.length * padded.height * padded.width * 3);
  resized.forEach((image, index) => {
    normalise(image, values, index * padded.height * padded.width * 3, padded.width);
  });
  return {
    padded,
    images: values,
    resized: fits.map((fit) => fit.resized),
    original: images.map(({ original }) => original),
  };
}
