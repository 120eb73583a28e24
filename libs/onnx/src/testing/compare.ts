import { decodeMask, type Detection, type Rle } from '@cassl/vision';
import type { FoundBox } from './run-onnx.ts';

export interface Agreement {
  /** Detections of ours without a partner of their class within `within` pixels. */
  readonly lonely: number;
  readonly score: number;
  readonly box: number;
  /** Share of the image's pixels that differ. */
  readonly mask: number;
}

/** Greatest differences of detections to their partners; those with equal scores may stand in another order. */
export function agreement(
  ours: readonly Detection[],
  theirs: readonly FoundBox[],
  within: number,
): Agreement {
  const rest = new Set(theirs);
  let [lonely, score, box, mask] = [Math.max(0, theirs.length - ours.length), 0, 0, 0];
  for (const detection of ours) {
    const partner = [...rest]
      .filter(({ category }) => category === detection.category)
      .map((found) => ({ found, distance: farthest(detection.box, found.box) }))
      .sort((a, b) => a.distance - b.distance)[0];
    if (partner === undefined || partner.distance > within) {
      lonely++;
      continue;
    }
    rest.delete(partner.found);
    box = Math.max(box, partner.distance);
    score = Math.max(score, Math.abs(partner.found.score - detection.score));
    mask = Math.max(mask, differingShare(detection.mask, partner.found.mask));
  }
  return { lonely, score, box, mask };
}

function farthest(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, side) => Math.abs(value - b[side]!)));
}

/** 1 where one of them has none. */
function differingShare(a: Rle | undefined, b: Rle | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : 1;
  const [first, second] = [decodeMask(a).data, decodeMask(b).data];
  return first.filter((value, at) => value !== second[at]).length / first.length;
}
