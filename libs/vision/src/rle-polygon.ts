import { invalidArgument } from '@cassl/errors';
import { rleMerge } from './rle-merge.ts';
import type { Rle } from './types.ts';

// COCO's own rasterisation (maskApi): vertices are snapped to a grid five times finer than the pixels, edges are walked
// densely on it, and where the walk passes from one pixel column to the next, the row at that place is noted. Sorted,
// these positions are where the runs of the mask begin and end.

const SUBPIXELS = 5;
/** An edge is walked in fifths of a pixel, so its length has to stay bounded. */
const LARGEST_COORDINATE = 1e6;

/**
 * The union of polygons `[x1, y1, x2, y2, …]` in pixels, bit-equal to pycocotools.
 * @throws INVALID_ARGUMENT for no polygon, an odd number of coordinates, fewer than 3 points or a coordinate that is not
 *   a number within ±1e6.
 */
export function rleFromPolygons(
  polygons: readonly (readonly number[])[],
  height: number,
  width: number,
): Rle {
  if (polygons.length === 0) throw invalidArgument('segmentation has no polygon');
  return rleMerge(
    polygons.map((polygon, index) => {
      assertPolygon(polygon, index);
      return rasterise(polygon, height, width);
    }),
  );
}

function assertPolygon(polygon: readonly number[], index: number): void {
  // Some annotations carry a stray line beside real polygons; pycocotools draws it, to no or little effect.
  if (polygon.length < (index === 0 ? 6 : 4) || polygon.length % 2 !== 0) {
    throw invalidArgument(
      `polygon ${index} must have x, y of at least 3 points, got ${polygon.length} numbers`,
    );
  }
  for (const value of polygon) {
    if (!(Math.abs(value) <= LARGEST_COORDINATE)) {
      throw invalidArgument(
        `polygon ${index} has the coordinate ${value}; it must be within ±${LARGEST_COORDINATE}`,
      );
    }
  }
}

function rasterise(polygon: readonly number[], height: number, width: number): Rle {
  const crossings: number[] = [];
  const points = polygon.length / 2;
  for (let point = 0; point < points; point++) {
    const next = point + 1 === points ? 0 : point + 1;
    addEdge(
      crossings,
      snap(polygon[2 * point]!),
      snap(polygon[2 * point + 1]!),
      snap(polygon[2 * next]!),
      snap(polygon[2 * next + 1]!),
      height,
      width,
    );
  }
  crossings.push(height * width);
  return { height, width, counts: runsBetween(Uint32Array.from(crossings).sort()) };
}

function snap(coordinate: number): number {
  return Math.trunc(SUBPIXELS * coordinate + 0.5);
}

/** Grid steps whose lower end lies here pass the centre line of a pixel column. */
const CENTRE = 2;

/**
 * Adds the column-major positions where an edge, taken point by point on the grid, passes from one pixel column to the
 * next. Slopes are measured from the end with the lower coordinate, so that neighbours that share an edge agree on it.
 */
function addEdge(
  crossings: number[],
  startX: number,
  startY: number,
  endX: number,
  endY: number,
  height: number,
  width: number,
): void {
  const dx = Math.abs(endX - startX);
  const dy = Math.abs(endY - startY);
  const alongX = dx >= dy;
  const flip = alongX ? startX > endX : startY > endY;
  const x0 = flip ? endX : startX;
  const y0 = flip ? endY : startY;
  const x1 = flip ? startX : endX;
  const y1 = flip ? startY : endY;
  const firstColumn = Math.max(0, Math.ceil((Math.min(x0, x1) - CENTRE) / SUBPIXELS));
  const lastColumn = Math.min(width - 1, Math.floor((Math.max(x0, x1) - 1 - CENTRE) / SUBPIXELS));
  if (firstColumn > lastColumn) return;

  if (alongX) {
    const slope = (y1 - y0) / dx;
    for (let column = firstColumn; column <= lastColumn; column++) {
      const t = SUBPIXELS * column + CENTRE - x0;
      const v = Math.min(Math.trunc(y0 + slope * t + 0.5), Math.trunc(y0 + slope * (t + 1) + 0.5));
      crossings.push(column * height + rowOf(v, height));
    }
    return;
  }
  const slope = (x1 - x0) / dy;
  let previous = Math.trunc(x0 + 0.5);
  for (let t = 1; t <= dy; t++) {
    const u = Math.trunc(x0 + slope * t + 0.5);
    if (u === previous) continue;
    const lower = Math.min(u, previous);
    previous = u;
    const column = (lower - CENTRE) / SUBPIXELS;
    if (Number.isInteger(column) && column >= 0 && column < width) {
      crossings.push(column * height + rowOf(y0 + t - 1, height));
    }
  }
}

/** The first pixel row whose centre is at or below grid row `v`, within the image. */
function rowOf(v: number, height: number): number {
  const y = (v + 0.5) / SUBPIXELS - 0.5;
  return Math.ceil(Math.min(Math.max(y, 0), height));
}

/** Sorted run ends to run lengths; two ends at one place cancel out and their neighbours join. */
function runsBetween(ends: Uint32Array): Uint32Array {
  const counts = new Uint32Array(ends.length);
  counts[0] = ends[0]!;
  let used = 1;
  for (let index = 1; index < ends.length; index++) {
    const length = ends[index]! - ends[index - 1]!;
    if (length > 0) {
      counts[used++] = length;
    } else {
      index++;
      if (index < ends.length) counts[used - 1]! += ends[index]! - ends[index - 1]!;
    }
  }
  return counts.slice(0, used);
}
