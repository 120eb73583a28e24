import type { Xyxy } from '@cassl/vision';
import { cellCenter, type Level, type MapSize } from '../pyramid.ts';

/** A ground truth as the assignment sees it: where cells count as central is given apart from the box. */
export interface GroundTruth {
  readonly box: Xyxy;
  /** Mask centroid where there are masks, else the middle of the box (method 2.3). */
  readonly center: readonly [x: number, y: number];
}

/** One positive cell of one image. */
export interface Assignment {
  /** Index into the levels. */
  readonly level: number;
  readonly row: number;
  readonly column: number;
  /** Index of the ground truth. */
  readonly groundTruth: number;
}

/** A positive cell with what its losses need to know. */
export interface PlacedPositive extends Assignment {
  readonly image: number;
  readonly x: number;
  readonly y: number;
}

/**
 * FCOS target assignment for one image: a cell is positive for a box when it lies strictly inside the box and within
 * `centerRadius` strides of the centre, and max(l, t, r, b) lies in its level's range; the smallest box wins, ties go to
 * the lowest index. Only cells near a centre are visited, so the cost does not grow with the map.
 *
 * @returns positives by level, then row, then column.
 */
export function assignTargets(
  groundTruths: readonly GroundTruth[],
  levels: readonly Level[],
  sizes: readonly MapSize[],
  centerRadius: number,
): Assignment[] {
  return levels.flatMap((level, index) =>
    assignLevel(groundTruths, level, index, sizes[index]!, centerRadius),
  );
}

function assignLevel(
  groundTruths: readonly GroundTruth[],
  level: Level,
  levelIndex: number,
  size: MapSize,
  centerRadius: number,
): Assignment[] {
  const winner = new Map<number, { area: number; groundTruth: number }>();
  const radius = centerRadius * level.stride;
  groundTruths.forEach(({ box, center }, groundTruth) => {
    const [x1, y1, x2, y2] = box;
    const area = (x2 - x1) * (y2 - y1);
    const columns = cellsInside(
      Math.max(center[0] - radius, x1),
      Math.min(center[0] + radius, x2),
      level,
      size.width,
    );
    const rows = cellsInside(
      Math.max(center[1] - radius, y1),
      Math.min(center[1] + radius, y2),
      level,
      size.height,
    );
    for (const row of rows) {
      for (const column of columns) {
        const x = cellCenter(column, level.stride);
        const y = cellCenter(row, level.stride);
        const reach = Math.max(x - x1, y - y1, x2 - x, y2 - y);
        if (reach < level.lower || reach > level.upper) continue;
        const cell = row * size.width + column;
        const current = winner.get(cell);
        if (current === undefined || area < current.area) winner.set(cell, { area, groundTruth });
      }
    }
  });
  return [...winner.entries()]
    .sort(([a], [b]) => a - b)
    .map(([cell, { groundTruth }]) => ({
      level: levelIndex,
      row: Math.floor(cell / size.width),
      column: cell % size.width,
      groundTruth,
    }));
}

/** Indices of the cells whose centres lie strictly between `low` and `high`. */
function cellsInside(low: number, high: number, { stride }: Level, count: number): number[] {
  const cells: number[] = [];
  const first = Math.max(0, Math.floor((low - cellCenter(0, stride)) / stride));
  for (let index = first; index < count && cellCenter(index, stride) < high; index++) {
    if (cellCenter(index, stride) > low) cells.push(index);
  }
  return cells;
}
