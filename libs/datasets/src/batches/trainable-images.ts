import { failedPrecondition } from '@cassl/errors';
import { imageCountOf, isLabelSetDataset, type LabeledImage, type TrainingSet } from '../dataset.ts';
import { createImageOrder } from './image-order.ts';
import type { ImagesToTrain, ImagesToTrainOptions } from './images-to-train.ts';
import { streamedImages } from './streamed-images.ts';
import { isTrainable } from './training-sample.ts';

/** @throws FAILED_PRECONDITION where no image has a trainable label */
export function trainableImages(set: TrainingSet, options: ImagesToTrainOptions): ImagesToTrain {
  const images = isLabelSetDataset(set) ? streamedImages(set, options) : imagesInMemory(set.images, options);
  if (images.length > 0) return images;
  throw failedPrecondition(
    `batches: none of the ${imageCountOf(set)} images has a label to train on; look at the drop report`,
  );
}

function imagesInMemory(all: readonly LabeledImage[], { seed, masks }: ImagesToTrainOptions): ImagesToTrain {
  const images = all.filter((image) => isTrainable(image, masks));
  return {
    length: images.length,
    order: createImageOrder(images.length, seed),
    at: (index) => images[index]!,
    isWide: (index) => images[index]!.width > images[index]!.height,
  };
}
