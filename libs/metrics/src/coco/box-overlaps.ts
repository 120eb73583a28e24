import { CROWD, type OverlapKernel } from './image-columns.ts';

/** IoU of flat xywh boxes, exactly as maskApi's `bbIou` rounds it; a crowd's denominator is the detection alone. */
export function boxOverlaps(
  dtBoxes: Float64Array,
  gtBoxes: Float64Array,
  gtFlags: Uint8Array,
): OverlapKernel {
  return (dts, dtCount, gts, gtCount, target) => {
    for (let j = 0; j < gtCount; j++) {
      const g = 4 * gts[j]!;
      const gx = gtBoxes[g]!;
      const gy = gtBoxes[g + 1]!;
      const gw = gtBoxes[g + 2]!;
      const gh = gtBoxes[g + 3]!;
      const gtArea = gw * gh;
      const crowd = (gtFlags[gts[j]!]! & CROWD) !== 0;
      for (let i = 0; i < dtCount; i++) {
        const d = 4 * dts[i]!;
        const dx = dtBoxes[d]!;
        const dy = dtBoxes[d + 1]!;
        const dw = dtBoxes[d + 2]!;
        const dh = dtBoxes[d + 3]!;
        const width = Math.min(dw + dx, gw + gx) - Math.max(dx, gx);
        const height = Math.min(dh + dy, gh + gy) - Math.max(dy, gy);
        if (width > 0 && height > 0) {
          const inter = width * height;
          const dtArea = dw * dh;
          target[i * gtCount + j] = inter / (crowd ? dtArea : dtArea + gtArea - inter);
        } else {
          target[i * gtCount + j] = 0;
        }
      }
    }
  };
}
