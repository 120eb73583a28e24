import type { FittedSize, PreparedImage } from '@cassl/detector';
import {
  decodeToFit,
  readImageHeader,
  resizeImage,
  uprightSize,
  type ImageHeader,
  type ImageSize,
  type RgbImage,
} from '@cassl/vision';
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
  given: ImageInput,
  { budget, signal, isStale }: PreparingOptions,
): Promise<PreparedForModel> {
  const image = await withHeader(given);
  const size = image.kind === 'rgb' ? image : uprightSize(image.header);
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

type ReadableImage =
  | Extract<ImageInput, { kind: 'rgb' }>
  | (Extract<ImageInput, { kind: 'encoded' }> & { readonly header: ImageHeader });

async function withHeader(image: ImageInput): Promise<ReadableImage> {
  if (image.kind === 'rgb') return image;
  return { ...image, header: image.header ?? (await readImageHeader(image.bytes)) };
}

async function pixelsOf(
  image: ReadableImage,
  resized: ImageSize,
): Promise<{ readonly pixels: RgbImage; readonly original: ImageSize }> {
  if (image.kind === 'encoded') {
    const { image: pixels, original } = await decodeToFit(image.bytes, () => resized, {
      header: image.header,
    });
    return { pixels, original };
  }
  const shrinks = resized.width < image.width || resized.height < image.height;
  const { width, height } = image;
  return { pixels: shrinks ? await resizeImage(image, resized) : image, original: { width, height } };
}
