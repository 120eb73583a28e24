import type { DetectorConfig, PreparedImage } from '@cassl/detector';
import type { InferenceOptions } from '@cassl/workers';

export const WARM_UP: InferenceOptions = {
  threshold: 0.05,
  maxDetections: 100,
  masks: true,
  nonOverlap: false,
};

/** Landscape, the usual one: a convolution's first call at a shape chooses and packs. */
export function warmUpImage({
  resizeLongSide: width,
  resizeShortSide: height,
}: DetectorConfig): PreparedImage {
  const data = new Uint8Array(width * height * 3).fill(127);
  return { pixels: { width, height, data }, original: { width, height } };
}
