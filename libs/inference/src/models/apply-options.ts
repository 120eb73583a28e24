import { resolveOverlaps, type Detection } from '@cassl/vision';
import type { InferenceOptions } from '@cassl/workers';

/** What one caller wants of what was found: above its threshold, without overlaps, with or without masks. */
export function applyOptions(
  detections: readonly Detection[],
  { threshold, masks, nonOverlap }: InferenceOptions,
): Detection[] {
  const resolved = nonOverlap ? resolveOverlaps(detections) : detections;
  const kept = resolved.filter(({ score }) => score > threshold);
  return masks ? kept : kept.map(({ box, score, category }) => ({ box, score, category }));
}
