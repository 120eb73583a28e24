import { errorCode, errorMessage, isCasslError } from '@cassl/errors';
import { decodeImage, resolveOverlaps, type Detection, type RgbImage } from '@cassl/vision';
import type { OpenModel } from '@cassl/workers';
import type { InferenceOptions, InferenceResult } from './inference-messages.ts';

/** Decodes and detects; an image that cannot be decoded gets an error result and the others go on. */
export async function detectImages(
  model: OpenModel,
  encoded: readonly Uint8Array[],
  options: InferenceOptions,
): Promise<InferenceResult[]> {
  const decoded = await Promise.all(encoded.map(decode));
  const images = decoded.filter((entry): entry is RgbImage => !('error' in entry));
  const found = await detectDecoded(model, images, options);
  let next = 0;
  return decoded.map((entry): InferenceResult => {
    if ('error' in entry) return entry;
    const detections = found[next++] ?? [];
    return { width: entry.width, height: entry.height, detections };
  });
}

/** Detections of decoded images after all of `options`, best first. */
export async function detectDecoded(
  model: OpenModel,
  images: readonly RgbImage[],
  options: InferenceOptions,
): Promise<Detection[][]> {
  if (images.length === 0) return [];
  const { threshold, maxDetections, nonOverlap, masks } = options;
  const perImage = await model.detector.detect(images, { maxDetections, masks: masks || nonOverlap });
  return perImage.map((detections) => {
    const resolved = nonOverlap ? resolveOverlaps(detections) : detections;
    return resolved.filter(({ score }) => score > threshold);
  });
}

async function decode(bytes: Uint8Array): Promise<RgbImage | { error: { code: string; message: string } }> {
  try {
    return await decodeImage(bytes);
  } catch (error) {
    if (!isCasslError(error)) throw error;
    return { error: { code: errorCode(error), message: errorMessage(error) } };
  }
}
