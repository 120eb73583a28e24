import { pairIou } from './box-iou.ts';

export interface SuppressionOptions {
  /** N boxes, flat `[x1, y1, x2, y2, …]`. */
  readonly boxes: Float32Array | Float64Array;
  /** N scores. */
  readonly scores: ArrayLike<number>;
  /** N group numbers: boxes suppress each other only within a group. One group for all by default (class-agnostic). */
  readonly groups?: ArrayLike<number>;
  /** A box goes when its IoU with a kept one is above this. */
  readonly iouThreshold: number;
  /** Stop after so many kept boxes and those that tie with the last of them. @default all */
  readonly limit?: number;
}

/** Greedy non-maximum suppression: indices of the boxes kept, best score first, equal scores in input order. */
export function nonMaximumSuppression(options: SuppressionOptions): Int32Array {
  const { boxes, scores, groups, iouThreshold, limit = Infinity } = options;
  const order = Array.from({ length: scores.length }, (_, index) => index).sort(
    (a, b) => scores[b]! - scores[a]!,
  );
  const keptByGroup = new Map<number, number[]>();
  const kept: number[] = [];
  for (const index of order) {
    if (kept.length >= limit && scores[index]! < scores[kept[limit - 1]!]!) break;
    const group = groups?.[index] ?? 0;
    let rivals = keptByGroup.get(group);
    if (rivals === undefined) keptByGroup.set(group, (rivals = []));
    if (rivals.some((rival) => pairIou(boxes, 4 * rival, boxes, 4 * index) > iouThreshold)) continue;
    rivals.push(index);
    kept.push(index);
  }
  return Int32Array.from(kept);
}
