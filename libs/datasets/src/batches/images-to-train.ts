import type { LabeledImage } from '../dataset.ts';
import type { ImageOrder } from './image-order.ts';

/** The images of a training set that have something to learn from, in a fixed order. */
export interface ImagesToTrain {
  readonly length: number;
  readonly order: ImageOrder;
  /** @throws as storage does where its labels cannot be read now */
  at(index: number): LabeledImage | Promise<LabeledImage>;
  /** Absent where shapes are not known before an image is read. */
  isWide?(index: number): boolean;
}

export interface ImagesToTrainOptions {
  readonly seed: number;
  readonly masks: 'keep' | 'require' | 'drop';
}
