import type { DetectorConfig, PreparedImage } from '@cassl/detector';
import { failedPrecondition } from '@cassl/errors';
import { USUAL_OPTIONS, type InferenceOptions } from '@cassl/workers/inference-options';

export const WARM_UP: InferenceOptions = USUAL_OPTIONS;

/** Landscape, the usual one: a convolution's first call at a shape chooses and packs. */
export function warmUpImage({
  resizeLongSide: width,
  resizeShortSide: height,
}: DetectorConfig): PreparedImage {
  const data = new Uint8Array(width * height * 3).fill(127);
  return { pixels: { width, height, data }, original: { width, height } };
}

/**
 * Weights that are numbers, each of them, may still lead beyond what floats hold; nothing is found then, in any picture, without a word.
 * @param sum of all that the network said of a picture
 * @throws FAILED_PRECONDITION
 */
export function checkOutputs(sum: number): void {
  if (!Number.isFinite(sum))
    throw failedPrecondition(
      `the network's outputs for a plain picture sum to ${sum}; they must be finite numbers: the checkpoint's weights are broken`,
    );
}
