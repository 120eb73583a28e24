import type { Category, Detection as DetectionMessage, ImageDetections } from '@cassl/proto';
import { rleToString, type Detection } from '@cassl/vision';
import type { InferenceResult } from './inference-messages.ts';

/** One image's answer as the contract has it. */
export function toImageDetections(
  key: string,
  checkpointDigest: string,
  categories: readonly Category[],
  result: InferenceResult,
): ImageDetections {
  if ('error' in result)
    return { key, width: 0, height: 0, detections: [], error: result.error, checkpointDigest };
  const { width, height } = result;
  const detections = result.detections.map((detection) => toMessage(detection, categories));
  return { key, width, height, detections, error: undefined, checkpointDigest };
}

function toMessage(
  { box, score, category, mask }: Detection,
  categories: readonly Category[],
): DetectionMessage {
  const [x1, y1, x2, y2] = box;
  const { id = category + 1, name = '' } = categories[category] ?? {};
  return {
    box: { x1, y1, x2, y2 },
    score,
    categoryId: id,
    categoryName: name,
    mask:
      mask === undefined ? undefined : { height: mask.height, width: mask.width, counts: rleToString(mask) },
  };
}
