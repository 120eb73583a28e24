import { failedPrecondition } from '@cassl/errors';
import { imageCountOf, isLabelSetDataset, type LabeledImage, type TrainingSet } from '../dataset.ts';
import { createImageOrder, type ImageOrder } from './image-order.ts';
import { streamedImages } from './streamed-images.ts';
import { isTrainable } from './training-sample.ts';

/** The images of a training set that have something to learn from, in a fixed order. */
export interface TrainableImages {
  readonly length: number;
  readonly order: ImageOrder;
  /** @throws as storage does where its labels cannot be read now */
  at(index: number): LabeledImage | Promise<LabeledImage>;
  /** Absent where shapes are not known before an image is read. */
  isWide?(index: number): boolean;
}

export interface TrainableImagesOptions {
  readonly seed: number;
  readonly masks: 'keep' | 'require' | 'drop';
}

/** @throws FAILED_PRECONDITION where no image has a trainable label */
export function trainableImages(set: TrainingSet, options: TrainableImagesOptions): TrainableImages {
  const images = isLabelSetDataset(set) ? streamedImages(set, options) : imagesInMemory(set.images, options);
  if (images.length > 0) return images;
  throw failedPrecondition(
    `batches: none of the ${imageCountOf(set)} images has a label to train on; look at the drop report`,
  );
}

function imagesInMemory(
  all: readonly LabeledImage[],
  { seed, masks }: TrainableImagesOptions,
): TrainableImages {
  const images = all.filter((image) => isTrainable(image, masks));
  return {
    length: images.length,
    order: createImageOrder(images.length, seed),
    at: (index) => images[index]!,
    isWide: (index) => images[index]!.width > images[index]!.height,
  };
}
