import type { FittedSize } from '@cassl/detector';
import type { ImageSize, Rle, Xyxy } from '@cassl/vision';
import type { Tensor } from './tensor-model.ts';

/** What a model from elsewhere says it found, before suppression. */
export interface FoundObject {
  /** Pixels of the model's input. */
  readonly box: Xyxy;
  readonly score: number;
  readonly category: number;
  /** Of the image as given. */
  readonly mask?: Rle | undefined;
}

/** Reads what was found above `threshold` out of a model's outputs; one list an image. */
export interface OutputReader {
  /** Outputs that are asked for. */
  readonly names: readonly string[];
  read(
    outputs: ReadonlyMap<string, Tensor>,
    images: readonly PlacedImage[],
    threshold: number,
  ): FoundObject[][];
  /** Whether equal things are found several times, so that a suppression has to follow. */
  readonly needsSuppression: boolean;
}

/** An image and its place in the model's input. */
export interface PlacedImage {
  readonly fit: FittedSize;
  readonly original: ImageSize;
}
