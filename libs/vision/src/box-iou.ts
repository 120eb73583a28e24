import type { Xywh, Xyxy } from './types.ts';

/**
 * Intersection over union of every box of `a` with every box of `b`: `iou[i * M + j]` for N and M boxes.
 * Both are flat `[x1, y1, x2, y2, …]` arrays in continuous coordinates.
 */
export function boxIou(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const n = Math.floor(a.length / 4);
  const m = Math.floor(b.length / 4);
  const iou = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) iou[i * m + j] = pairIou(a, 4 * i, b, 4 * j);
  }
  return iou;
}

/** IoU of the xyxy boxes that start at `a[i]` and `b[j]`; 0 where either is empty. */
export function pairIou(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  const width = Math.min(a[i + 2]!, b[j + 2]!) - Math.max(a[i]!, b[j]!);
  if (!(width > 0)) return 0;
  const height = Math.min(a[i + 3]!, b[j + 3]!) - Math.max(a[i + 1]!, b[j + 1]!);
  if (!(height > 0)) return 0;
  const inter = width * height;
  const areaA = (a[i + 2]! - a[i]!) * (a[i + 3]! - a[i + 1]!);
  const areaB = (b[j + 2]! - b[j]!) * (b[j + 3]! - b[j + 1]!);
  return inter / (areaA + areaB - inter);
}

/** `[x, y, w, h]` → `[x1, y1, x2, y2]`. */
export function toXyxy([x, y, width, height]: Xywh): Xyxy {
  return [x, y, x + width, y + height];
}

/** `[x1, y1, x2, y2]` → `[x, y, w, h]`. */
export function toXywh([x1, y1, x2, y2]: Xyxy): Xywh {
  return [x1, y1, x2 - x1, y2 - y1];
}
