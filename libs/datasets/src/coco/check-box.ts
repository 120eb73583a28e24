import type { Xyxy } from '@cassl/vision';

/** A checked box, or why there is none. */
export type CheckedBox =
  { readonly box: Xyxy; readonly clipped: boolean } | { readonly box?: undefined; readonly reason: string };

// COCO's own boxes and polygons are rounded to hundredths and overshoot the border by that much.
export const roundingPixels = 1;

/** COCO's [x, y, width, height] as a box inside the image. */
export function checkBox(bbox: unknown, width: number, height: number): CheckedBox {
  if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every((value) => Number.isFinite(value))) {
    return { reason: 'bbox is not four finite numbers' };
  }
  const [x, y, w, h] = bbox as [number, number, number, number];
  if (w < 0 || h < 0) return { reason: 'bbox has a negative width or height' };
  if (w === 0 || h === 0) return { reason: 'bbox is empty' };
  const box: Xyxy = [Math.max(0, x), Math.max(0, y), Math.min(width, x + w), Math.min(height, y + h)];
  if (box[2] <= box[0] || box[3] <= box[1]) return { reason: 'bbox is outside its image' };
  const overshoot = Math.max(-x, -y, x + w - width, y + h - height);
  // Rounding stays as it is, so that evaluation sees the same numbers as other readers of the file.
  return overshoot > roundingPixels ? { box, clipped: true } : { box: [x, y, x + w, y + h], clipped: false };
}
