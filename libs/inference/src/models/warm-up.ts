import type { DetectorConfig, PreparedImage } from '@cassl/detector';
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
