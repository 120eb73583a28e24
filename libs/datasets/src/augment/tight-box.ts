import type { BinaryMask, TrainingInstance, Xyxy } from '@cassl/vision';

/** The box around a mask's pixels, its far edges one past the last pixel; undefined for an empty mask. */
export function tightBox({ width, height, data }: BinaryMask): Xyxy | undefined {
  const end = width * height;
  const first = data.indexOf(1);
  if (first < 0) return undefined;
  const last = data.lastIndexOf(1);
  const top = Math.floor(first / width);
  const bottom = Math.floor(last / width);
  let left = width;
  let right = -1;
  for (let row = top * width; row <= bottom * width && row < end; row += width) {
    for (let x = 0; x < left; x++) {
      if (data[row + x] === 1) left = x;
    }
    for (let x = width - 1; x > right; x--) {
      if (data[row + x] === 1) right = x;
    }
  }
  return [left, top, right + 1, bottom + 1];
}

/**
 * The instance moved to its new place: with a mask the box is measured from it, without one `box` is clipped to the
 * image. Undefined where nothing is left.
 */
export function refit(
  instance: TrainingInstance,
  box: Xyxy,
  mask: BinaryMask | undefined,
  size: { readonly width: number; readonly height: number },
): TrainingInstance | undefined {
  if (mask !== undefined) {
    const tight = tightBox(mask);
    return tight === undefined ? undefined : { ...instance, box: tight, mask };
  }
  const clipped = clipBox(box, size);
  return clipped[2] > clipped[0] && clipped[3] > clipped[1] ? { ...instance, box: clipped } : undefined;
}

export function clipBox(
  [x1, y1, x2, y2]: Xyxy,
  { width, height }: { readonly width: number; readonly height: number },
): Xyxy {
  const clip = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);
  return [clip(x1, width), clip(y1, height), clip(x2, width), clip(y2, height)];
}
