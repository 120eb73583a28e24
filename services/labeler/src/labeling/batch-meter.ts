import type { InferMetadata } from '@cassl/inference';

/** How full the batches of a shard were, and how much of the network's input was padding. */
export interface BatchMeter {
  readonly add: (how: InferMetadata) => void;
  read(): { readonly images: number; readonly batches: number; readonly paddingWaste: number };
}

export function createBatchMeter(): BatchMeter {
  let [images, batches, waste] = [0, 0, 0];
  return {
    add({ batchSize, paddingWaste }) {
      images += 1;
      batches += 1 / batchSize;
      waste += paddingWaste;
    },
    read: () => ({
      images,
      batches: Math.round(batches),
      paddingWaste: images === 0 ? 0 : Math.round((1000 * waste) / images) / 1000,
    }),
  };
}
