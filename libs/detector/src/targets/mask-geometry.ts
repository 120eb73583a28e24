import type { BinaryMask, Xyxy } from '@cassl/vision';

/** First moments of a mask in pixel indices (AdelaiDet), or undefined for an empty mask. */
export function maskCentroid(mask: BinaryMask): readonly [x: number, y: number] | undefined {
  let count = 0;
  let sumX = 0;
  let sumY = 0;
  for (let y = 0, index = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++, index++) {
      if (mask.data[index] === 0) continue;
      count++;
      sumX += x;
      sumY += y;
    }
  }
  return count === 0 ? undefined : [sumX / count, sumY / count];
}

export function boxCenter([x1, y1, x2, y2]: Xyxy): readonly [x: number, y: number] {
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}

/**
 * Every `step`-th pixel of a mask, from `step / 2` on, in a padded frame of `height` × `width` samples whose padding
 * is 0; writes to `out` at `offset` and returns how many samples are set.
 */
export function sampleMask(
  mask: BinaryMask,
  step: number,
  frame: { readonly height: number; readonly width: number },
  out: Uint8Array,
  offset: number,
): number {
  let area = 0;
  for (let row = 0; row < frame.height; row++) {
    const y = row * step + (step >> 1);
    if (y >= mask.height) break;
    for (let column = 0; column < frame.width; column++) {
      const x = column * step + (step >> 1);
      if (x >= mask.width) break;
      const value = mask.data[y * mask.width + x]! === 0 ? 0 : 1;
      out[offset + row * frame.width + column] = value;
      area += value;
    }
  }
  return area;
}
