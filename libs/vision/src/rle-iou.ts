import { invalidArgument } from '@cassl/errors';
import { rleArea, rleBox } from './rle-area.ts';
import type { Rle } from './types.ts';

/**
 * Intersection over union of every detection mask with every true mask: `iou[d * gts.length + g]`. Where `crowd[g]`
 * is set the denominator is the detection's own area, so a detection inside the crowd region scores 1.
 * @throws INVALID_ARGUMENT when two masks differ in size.
 */
export function rleIou(
  dts: readonly Rle[],
  gts: readonly Rle[],
  crowd: ArrayLike<number | boolean>,
): Float64Array {
  const iou = new Float64Array(dts.length * gts.length);
  const gtAreas = gts.map(rleArea);
  const gtBoxes = gts.map(rleBox);
  dts.forEach((dt, d) => {
    const dtArea = rleArea(dt);
    const dtBox = rleBox(dt);
    gts.forEach((gt, g) => {
      if (dt.height !== gt.height || dt.width !== gt.width) {
        throw invalidArgument(
          `rleIou: detection ${d} is ${dt.height} x ${dt.width}, ground truth ${g} is ${gt.height} x ${gt.width}`,
        );
      }
      if (!touches(dtBox, gtBoxes[g]!)) return;
      const inter = intersectionOfRuns(dt.counts, 0, dt.counts.length, gt.counts, 0, gt.counts.length);
      if (inter === 0) return;
      iou[d * gts.length + g] = inter / (crowd[g] ? dtArea : dtArea + gtAreas[g]! - inter);
    });
  });
  return iou;
}

function touches(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return (
    Math.min(a[0]! + a[2]!, b[0]! + b[2]!) > Math.max(a[0]!, b[0]!) &&
    Math.min(a[1]! + a[3]!, b[1]! + b[3]!) > Math.max(a[1]!, b[1]!)
  );
}

/** Pixels set in both run lists `a[aStart, aEnd)` and `b[bStart, bEnd)`, each starting with a run of zeros. */
export function intersectionOfRuns(
  a: Uint32Array,
  aStart: number,
  aEnd: number,
  b: Uint32Array,
  bStart: number,
  bEnd: number,
): number {
  let inter = 0;
  let nextA = aStart;
  let nextB = bStart;
  // The current runs of ones are [onA, offA) and [onB, offB) in pixel positions; whichever ends first moves on.
  let onA = 0;
  let offA = 0;
  let onB = 0;
  let offB = 0;
  for (;;) {
    if (offA <= offB) {
      if (nextA + 1 >= aEnd) return inter;
      onA = offA + a[nextA]!;
      offA = onA + a[nextA + 1]!;
      nextA += 2;
    } else {
      if (nextB + 1 >= bEnd) return inter;
      onB = offB + b[nextB]!;
      offB = onB + b[nextB + 1]!;
      nextB += 2;
    }
    const overlap = (offA < offB ? offA : offB) - (onA > onB ? onA : onB);
    if (overlap > 0) inter += overlap;
  }
}
