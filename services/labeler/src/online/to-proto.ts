import type { FoundObject, InferAnswer } from '@cassl/inference';
import type { Category, Detection as DetectionMessage, ImageDetections } from '@cassl/proto';

/** One image's answer as the contract has it. */
export function toImageDetections(key: string, answer: InferAnswer): ImageDetections {
  const { width, height, model, metadata } = answer;
  return {
    key,
    width,
    height,
    detections: answer.detections.map((found) => toMessage(found, model.categories)),
    error: undefined,
    checkpointDigest: model.digest,
    metadata: { ...metadata },
  };
}

/** The answer about an image that could not be used. */
export function toFailedImage(
  key: string,
  checkpointDigest: string,
  error: { readonly code: string; readonly message: string },
): ImageDetections {
  return { key, width: 0, height: 0, detections: [], error, checkpointDigest, metadata: undefined };
}

function toMessage(
  { box, score, category, mask }: FoundObject,
  categories: readonly Category[],
): DetectionMessage {
  const [x1, y1, x2, y2] = box;
  const { id = category + 1, name = '' } = categories[category] ?? {};
  return { box: { x1, y1, x2, y2 }, score, categoryId: id, categoryName: name, mask: mask && { ...mask } };
}
