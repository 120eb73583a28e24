import { type RgbImage, resizeImage } from '@cassl/vision';
import type { DetectorConfig } from '../config.ts';
import { createNormaliser } from '../normalise-image.ts';
import { type MapSize, paddedSize, testSize } from '../pyramid.ts';
import type { InferenceBatch } from './detect-batch.ts';

/** Where the images of a batch stand in the caller's list. */
export interface GroupedBatch {
  readonly indices: readonly number[];
  load(): Promise<InferenceBatch>;
}

/**
 * Batches of images that share one padded size, so that what stands beside an image never changes its result.
 * `load` resizes and normalises one batch at a time.
 */
export function groupImages(
  config: DetectorConfig,
  images: readonly RgbImage[],
  batchSize: number,
): GroupedBatch[] {
  const groups = new Map<string, { padded: MapSize; indices: number[] }>();
  images.forEach((image, index) => {
    const padded = paddedSize(config, [testSize(config, image)]);
    const key = `${padded.height}x${padded.width}`;
    const group = groups.get(key) ?? { padded, indices: [] };
    group.indices.push(index);
    groups.set(key, group);
  });
  return [...groups.values()].flatMap(({ padded, indices }) =>
    Array.from({ length: Math.ceil(indices.length / batchSize) }, (_, batch) => {
      const chunk = indices.slice(batch * batchSize, (batch + 1) * batchSize);
      return {
        indices: chunk,
        load: () =>
          loadBatch(
            config,
            padded,
            chunk.map((index) => images[index]!),
          ),
      };
    }),
  );
}

async function loadBatch(
  config: DetectorConfig,
  padded: MapSize,
  images: readonly RgbImage[],
): Promise<InferenceBatch> {
  const normalise = createNormaliser(config);
  const resized = await Promise.all(images.map((image) => resizeImage(image, testSize(config, image))));
  const values = new Float32Array(images.length * padded.height * padded.width * 3);
  resized.forEach((image, index) => {
    normalise(image, values, index * padded.height * padded.width * 3, padded.width);
  });
  const sizeOf = ({ height, width }: RgbImage): MapSize => ({ height, width });
  return { padded, images: values, resized: resized.map(sizeOf), original: images.map(sizeOf) };
}
