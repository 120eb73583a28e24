import { errorCode, errorMessage, isCasslError } from '@cassl/errors';
import { decodeImage, type RgbImage } from '@cassl/vision';
import { detectWithOptions, type InferenceOptions, type OpenModel } from '@cassl/workers';
import type { InferenceResult } from './inference-messages.ts';

/** Decodes and detects; an image that cannot be decoded gets an error result and the others go on. */
export async function detectImages(
  model: OpenModel,
  encoded: readonly Uint8Array[],
  options: InferenceOptions,
): Promise<InferenceResult[]> {
  const decoded = await Promise.all(encoded.map(decode));
  const images = decoded.filter((entry): entry is RgbImage => !('error' in entry));
  const found = await detectWithOptions(model, images, options);
  let next = 0;
  return decoded.map((entry): InferenceResult => {
    if ('error' in entry) return entry;
    const detections = found[next++] ?? [];
    return { width: entry.width, height: entry.height, detections };
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
