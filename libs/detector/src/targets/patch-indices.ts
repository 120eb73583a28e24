import type { MapSize } from '../pyramid.ts';

/** Cells of all levels of a batch in one row of memory: level by level, in each [B, H, W]. */
export interface CellGrid {
  readonly batchSize: number;
  readonly sizes: readonly MapSize[];
  /** First cell of each level. */
  readonly offsets: readonly number[];
  readonly count: number;
}

export function cellGrid(batchSize: number, sizes: readonly MapSize[]): CellGrid {
  const offsets: number[] = [];
  let count = 0;
  for (const size of sizes) {
    offsets.push(count);
    count += batchSize * size.height * size.width;
  }
  return { batchSize, sizes, offsets, count };
}

export function cellIndex(grid: CellGrid, image: number, level: number, row: number, column: number): number {
  const { height, width } = grid.sizes[level]!;
  return grid.offsets[level]! + (image * height + row) * width + column;
}

/**
 * Cells of the 3×3 patch around a cell, row-major; neighbours outside the map are `grid.count`, where readers keep a
 * row of zeros: a 3×3 convolution with zero padding, evaluated at this cell alone, is one dot product over them.
 */
export function writePatch(
  grid: CellGrid,
  { image, level, row, column }: { image: number; level: number; row: number; column: number },
  out: Int32Array,
  offset: number,
): void {
  const { height, width } = grid.sizes[level]!;
  for (let tap = 0; tap < 9; tap++) {
    const y = row + Math.floor(tap / 3) - 1;
    const x = column + (tap % 3) - 1;
    const inside = y >= 0 && y < height && x >= 0 && x < width;
    out[offset + tap] = inside ? cellIndex(grid, image, level, y, x) : grid.count;
  }
}
