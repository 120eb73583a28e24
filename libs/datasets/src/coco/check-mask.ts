import { errorMessage } from '@cassl/errors';
import { parseSegmentation, rleArea, type Rle } from '@cassl/vision';
import { roundingPixels } from './check-box.ts';

/** A checked mask (absent where the annotation has none), or why the annotation cannot be used. */
export type CheckedMask = { readonly mask?: Rle; readonly clipped: boolean } | { readonly reason: string };

export function checkMask(segmentation: unknown, width: number, height: number): CheckedMask {
  if (segmentation === undefined || segmentation === null) return { clipped: false };
  if (Array.isArray(segmentation)) {
    if (segmentation.length === 0) return { clipped: false };
    const problem = polygonProblem(segmentation);
    if (problem !== undefined) return { reason: problem };
  }
  let mask: Rle;
  try {
    mask = parseSegmentation(segmentation, height, width);
  } catch (error) {
    return { reason: `segmentation cannot be read: ${withoutNumbers(errorMessage(error))}` };
  }
  const polygons = Array.isArray(segmentation) ? (segmentation as number[][]) : [];
  // A sliver between two pixel centres is a good label with an empty mask; COCO has some, and evaluation counts them.
  if (rleArea(mask) === 0 && !touchesImage(polygons, width, height)) {
    return { reason: 'segmentation has no pixel inside its image' };
  }
  return { mask, clipped: reachesOutside(polygons, width, height) };
}

function polygonProblem(polygons: readonly unknown[]): string | undefined {
  for (const polygon of polygons) {
    if (!Array.isArray(polygon) || !polygon.every((value) => Number.isFinite(value))) {
      return 'segmentation is not a list of polygons of finite numbers';
    }
    if (polygon.length < 6 || polygon.length % 2 !== 0)
      return 'segmentation has a polygon of fewer than three points';
  }
  return undefined;
}

function touchesImage(polygons: readonly (readonly number[])[], width: number, height: number): boolean {
  return polygons.some((polygon) =>
    polygon.some(
      (x, at) => at % 2 === 0 && x > 0 && x < width && polygon[at + 1]! > 0 && polygon[at + 1]! < height,
    ),
  );
}

function reachesOutside(polygons: readonly (readonly number[])[], width: number, height: number): boolean {
  return polygons.some((polygon) =>
    polygon.some((value, index) => {
      const limit = index % 2 === 0 ? width : height;
      return value < -roundingPixels || value > limit + roundingPixels;
    }),
  );
}

/** One reason for all sizes: the example names the annotation. */
function withoutNumbers(message: string): string {
  return message.replace(/^segmentation[.:]? ?/, '').replace(/-?\d+(\.\d+)?/g, 'N');
}
