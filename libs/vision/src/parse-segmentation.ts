import { errorMessage, invalidArgument } from '@cassl/errors';
import { assertCoversImage } from './decode-mask.ts';
import { rleFromPolygons } from './rle-polygon.ts';
import { rleFromString } from './rle-string.ts';
import type { Rle } from './types.ts';

/**
 * Reads the `segmentation` of a COCO annotation or result: a list of polygons, `{size, counts: number[]}` or
 * `{size, counts: string}`.
 * @throws INVALID_ARGUMENT, saying what is wrong, when it is none of these or its size is not `height` x `width`.
 */
export function parseSegmentation(segmentation: unknown, height: number, width: number): Rle {
  if (Array.isArray(segmentation)) return rleFromPolygons(polygonsOf(segmentation), height, width);
  if (typeof segmentation !== 'object' || segmentation === null || !('counts' in segmentation)) {
    throw invalidArgument('segmentation must be a list of polygons or an RLE {size, counts}');
  }
  const { counts } = segmentation;
  assertSize('size' in segmentation ? segmentation.size : undefined, height, width);
  if (typeof counts === 'string') return prefixed(() => rleFromString(counts, height, width));
  if (!Array.isArray(counts))
    throw invalidArgument('segmentation.counts must be a string or a list of run lengths');
  return prefixed(() => rleFromRuns(counts, height, width));
}

function assertSize(size: unknown, height: number, width: number): void {
  const [rleHeight, rleWidth] = Array.isArray(size) && size.length === 2 ? (size as unknown[]) : [];
  if (typeof rleHeight !== 'number' || typeof rleWidth !== 'number') {
    throw invalidArgument('segmentation.size must be [height, width]');
  }
  if (rleHeight !== height || rleWidth !== width) {
    throw invalidArgument(
      `segmentation.size is ${rleHeight} x ${rleWidth}, but its image is ${height} x ${width}`,
    );
  }
}

function rleFromRuns(counts: readonly unknown[], height: number, width: number): Rle {
  const runs = new Uint32Array(counts.length);
  counts.forEach((count, run) => {
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > height * width) {
      throw invalidArgument(
        `run ${run} must be an integer within [0, ${height * width}], got ${JSON.stringify(count)}`,
      );
    }
    runs[run] = count;
  });
  const rle = { height, width, counts: runs };
  assertCoversImage(rle);
  return rle;
}

function polygonsOf(segmentation: readonly unknown[]): readonly (readonly number[])[] {
  for (const polygon of segmentation) {
    if (!Array.isArray(polygon) || !polygon.every((value) => typeof value === 'number')) {
      throw invalidArgument('segmentation must be a list of polygons, each a list of numbers');
    }
  }
  return segmentation as readonly (readonly number[])[];
}

function prefixed(read: () => Rle): Rle {
  try {
    return read();
  } catch (error) {
    throw invalidArgument(`segmentation: ${errorMessage(error)}`, { cause: error });
  }
}
