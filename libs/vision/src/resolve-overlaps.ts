import { invalidArgument } from '@cassl/errors';
import { rleArea, rleBox } from './rle-area.ts';
import { rleMerge, rleSubtract } from './rle-merge.ts';
import type { Detection, Rle } from './types.ts';

export interface ResolveOverlapsOptions {
  /**
   * `continuous`: x2 = last column + 1, as everywhere else. `inclusive`: x2 = last column, one pixel short, as the paper's
   * code stores entity boxes. @default 'continuous'
   */
  readonly boxes?: 'continuous' | 'inclusive';
  /**
   * Factor for the score of a detection given the pixels it keeps, for example the mean mask probability over them
   * (mask rescoring). @default 1
   */
  readonly rescore?: (detection: Detection, remaining: Rle) => number;
}

/**
 * Makes the masks of one image non-overlapping, as entity labels are: best score first (equal scores in input order),
 * every pixel belongs to the first mask that covers it. What keeps no pixel, or only a line one pixel thick, is dropped;
 * the rest gets a tight box around what it keeps. The result is in score order before rescoring.
 * @throws INVALID_ARGUMENT for a detection without a mask.
 */
export function resolveOverlaps(
  detections: readonly Detection[],
  { boxes = 'continuous', rescore }: ResolveOverlapsOptions = {},
): Detection[] {
  const resolved: Detection[] = [];
  let taken: Rle | undefined;
  for (const detection of [...detections].sort((a, b) => b.score - a.score)) {
    if (detection.mask === undefined) throw invalidArgument('resolveOverlaps: every detection needs a mask');
    const mask = taken === undefined ? detection.mask : rleSubtract(detection.mask, taken);
    taken = taken === undefined ? mask : rleMerge([taken, mask]);
    const [x, y, width, height] = rleBox(mask);
    if (rleArea(mask) === 0 || width < 2 || height < 2) continue;
    const reach = boxes === 'inclusive' ? 1 : 0;
    resolved.push({
      ...detection,
      score: rescore === undefined ? detection.score : detection.score * rescore(detection, mask),
      box: [x, y, x + width - reach, y + height - reach],
      mask,
    });
  }
  return resolved;
}
