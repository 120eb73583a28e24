import { intersectionOfRuns } from '@cassl/vision';
import { CROWD, type OverlapKernel } from './image-columns.ts';
import type { MaskStore } from './mask-store.ts';

/**
 * IoU of masks, counted in whole pixels as maskApi's `rleIou` does; a crowd's denominator is the detection alone.
 * @param gtOffset index in `gts` of the image's first ground truth, where the store holds those of all images
 */
export function maskOverlaps(
  dts: MaskStore,
  gts: MaskStore,
  gtFlags: Uint8Array,
  gtOffset = 0,
): OverlapKernel {
  return (dtIndices, dtCount, gtIndices, gtCount, target) => {
    for (let i = 0; i < dtCount; i++) {
      for (let j = 0; j < gtCount; j++) {
        const g = gtIndices[j]!;
        const crowd = (gtFlags[g]! & CROWD) !== 0;
        target[i * gtCount + j] = maskOverlap(dts, dtIndices[i]!, gts, g + gtOffset, crowd);
      }
    }
  };
}

function maskOverlap(dts: MaskStore, d: number, gts: MaskStore, g: number, crowd: boolean): number {
  // Most pairs lie apart; their boxes tell without a look at the runs.
  if (
    !spansMeet(dts.boxes, 4 * d, gts.boxes, 4 * g) ||
    !spansMeet(dts.boxes, 4 * d + 1, gts.boxes, 4 * g + 1)
  )
    return 0;
  const inter = intersectionOfRuns(
    dts.runs,
    dts.starts[d]!,
    dts.starts[d + 1]!,
    gts.runs,
    gts.starts[g]!,
    gts.starts[g + 1]!,
  );
  if (inter === 0) return 0;
  return inter / (crowd ? dts.areas[d]! : dts.areas[d]! + gts.areas[g]! - inter);
}

/** Whether the spans [start, start + length) of two boxes, 2 apart in the flat arrays, have a point in common. */
function spansMeet(a: Float64Array, i: number, b: Float64Array, j: number): boolean {
  return Math.min(a[i]! + a[i + 2]!, b[j]! + b[j + 2]!) > Math.max(a[i]!, b[j]!);
}
