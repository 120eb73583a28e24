import type { RgbImage } from '@cassl/vision';

type Size = Pick<RgbImage, 'width' | 'height'>;

/** The size after scaling the longer side to `side` pixels; each side rounded, at least 1. */
export function fitInside({ width, height }: Size, side: number): Size {
  const scale = side / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
