import { resolveOverlaps, type Detection, type RgbImage } from '@cassl/vision';
import type { InferenceOptions } from './inference-options.ts';
import type { OpenModel } from './open-model.ts';

/** Detections of decoded images after all of the options, best first. */
export async function detectWithOptions(
  { detector }: OpenModel,
  images: readonly RgbImage[],
  { threshold, maxDetections, nonOverlap, masks }: InferenceOptions,
): Promise<Detection[][]> {
  if (images.length === 0) return [];
  const perImage = await detector.detect(images, { maxDetections, masks: masks || nonOverlap });
  return perImage.map((detections) => {
    const resolved = nonOverlap ? resolveOverlaps(detections) : detections;
    return resolved.filter(({ score }) => score > threshold);
  });
}
