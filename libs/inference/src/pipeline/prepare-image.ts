import type { FittedSize, PreparedImage } from '@cassl/detector';
import { decodeToFit, readImageSize, resizeImage, type ImageSize, type RgbImage } from '@cassl/vision';
import type { ImageInput } from '../inference-request.ts';
import type { BatchModel } from '../models/batch-model.ts';
import type { WeightedBudget } from './weighted-budget.ts';

export interface PreparingOptions {
  readonly budget: WeightedBudget;
  readonly signal: AbortSignal;
  /** Throws where nobody waits for the image any more. */
  readonly isStale: () => void;
}

export interface PreparedForModel {
  readonly prepared: PreparedImage;
  readonly fit: FittedSize;
  readonly inputMs: number;
}

/** Decodes and resizes one image for a model, on libuv's threads and within the decode budget. */
export async function prepareImage(
  model: Pick<BatchModel, 'fit'>,
  image: ImageInput,
  { budget, signal, isStale }: PreparingOptions,
): Promise<PreparedForModel> {
  const size: ImageSize = image.kind === 'rgb' ? image : await readImageSize(image.bytes);
  const giveBack = await budget.acquire(size.width * size.height, signal);
  const startedAt = performance.now();
  try {
    isStale();
    const { resized } = model.fit(size);
    const { pixels, original } = await pixelsOf(image, resized);
    return {
      prepared: { pixels, original },
      fit: model.fit(original),
      inputMs: performance.now() - startedAt,
    };
  } finally {
    giveBack();
  }
}

async function pixelsOf(
  image: ImageInput,
  resized: ImageSize,
): Promise<{ readonly pixels: RgbImage; readonly original: ImageSize }> {
  if (image.kind === 'encoded') {
    const { image: pixels, original } = await decodeToFit(image.bytes, () => resized);
    return { pixels, original };
  }
  const shrinks = resized.width < image.width || resized.height < image.height;
  const { width, height } = image;
  return { pixels: shrinks ? await resizeImage(image, resized) : image, original: { width, height } };
}
