import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';

/** Of all levels in a row, from the finest. */
export interface CellTable {
  /** [cells, 2] x and y in pixels of the input: index · stride + ⌊stride / 2⌋. */
  readonly centers: Value;
  /** [cells, 1] the size that relative coordinates are divided by. */
  readonly sizes: Value;
}

export function cellTable(build: Builder, pyramid: readonly Value[]): CellTable {
  const levels = pyramid.map((map, index) => levelTable(build, map, 2 ** build.config.levels[index]!));
  return {
    centers: build.concat(
      levels.map(({ centers }) => centers),
      0,
    ),
    sizes: build.concat(
      levels.map(({ sizes }) => sizes),
      0,
    ),
  };
}

function levelTable(build: Builder, map: Value, stride: number): CellTable {
  const { sides } = build;
  const [height, width] = [sides.of(map, 2), sides.of(map, 3)];
  const shape = sides.join([height, width]);
  const rows = build.add('Expand', [
    build.reshape(axisCenters(build, height, stride, stride >> 1), [-1, 1]),
    shape,
  ]);
  const columns = build.add('Expand', [axisCenters(build, width, stride, stride >> 1), shape]);
  const centers = build.concat(
    [columns, rows].map((axis) => build.reshape(axis, [-1, 1])),
    1,
  );
  const size = build.floats([8 * stride], [1, 1]);
  return { centers, sizes: build.add('Expand', [size, sides.join([sides.times(height, width), 1])]) };
}

/** [n] index · stride + offset. */
export function axisCenters(build: Builder, side: Value, stride: number, offset: number): Value {
  const index = build.add('Range', [build.ints(0), build.add('Squeeze', [side]), build.ints(1)]);
  const scaled = build.add('Mul', [build.add('Cast', [index], { to: 1 }), build.floats(stride)]);
  return build.add('Add', [scaled, build.floats(offset)]);
}
