import { nonMaximumSuppression, type Detection } from '@cassl/vision';

/** The detector's own threshold (method of FCOS and CondInst). */
const NMS_THRESHOLD = 0.6;

/**
 * Class-agnostic NMS: of boxes that overlap, the best of any category stays. A class-specific detector names one object
 * several times, once a category; counted class-agnostically, all but one would be false positives.
 */
export function suppressAcrossCategories(detections: readonly Detection[]): Detection[] {
  const kept = nonMaximumSuppression({
    boxes: Float32Array.from(detections.flatMap(({ box }) => box)),
    scores: Float32Array.from(detections, ({ score }) => score),
    iouThreshold: NMS_THRESHOLD,
  });
  return detections.filter((_, index) => kept.includes(index));
}
