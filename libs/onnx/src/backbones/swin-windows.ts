import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';

/** One way to cut maps [B, H, W, C] of one size into windows of w×w tokens; sides are int64 [1]. */
export interface WindowPartition {
  /** [B, H, W, C] → [B·n, w², C] */
  split(x: Value): Value;
  /** The inverse, without what was padded. */
  join(windows: Value, channels: number): Value;
  /** [n, 1, w², w²], added to scores: -100 between tokens that only the shift brought together. */
  readonly mask: Value | undefined;
  /** n: windows of an image. */
  readonly count: Value;
}

/** What every release uses for -∞. */
const MASKED = -100;

interface Map2d {
  readonly height: Value;
  readonly width: Value;
  readonly paddedHeight: Value;
  readonly paddedWidth: Value;
}

/** Both partitions of maps as large as `x`. */
export function windowPartitions(
  build: Builder,
  x: Value,
  window: number,
): { plain: WindowPartition; shifted: WindowPartition } {
  const { sides } = build;
  const [height, width] = [sides.of(x, 1), sides.of(x, 2)];
  const map: Map2d = {
    height,
    width,
    paddedHeight: sides.add(height, sides.missing(height, window)),
    paddedWidth: sides.add(width, sides.missing(width, window)),
  };
  const shift = Math.floor(window / 2);
  return { plain: partition(build, map, window, 0), shifted: partition(build, map, window, shift) };
}

function partition(build: Builder, map: Map2d, window: number, shift: number): WindowPartition {
  const { sides } = build;
  const side = sides.known(window);
  const rows = sides.over(map.paddedHeight, side);
  const columns = sides.over(map.paddedWidth, side);
  const area = window * window;
  const cut = (x: Value, channels: number): Value => {
    const cells = build.reshape(x, [-1, rows, window, columns, window, channels]);
    return build.reshape(build.transpose(cells, [0, 1, 3, 2, 4, 5]), [-1, area, channels]);
  };
  return {
    count: sides.times(rows, columns),
    split: (x) => {
      const padded = padTo(build, x, map);
      const rolled = shift === 0 ? padded : roll(build, roll(build, padded, 1, shift), 2, shift);
      const cells = build.add('Reshape', [rolled, sides.join([0, rows, window, columns, window, -1])]);
      return build.reshape(build.transpose(cells, [0, 1, 3, 2, 4, 5]), [-1, area, sides.of(x, 3)]);
    },
    join: (windows, channels) => {
      const cells = build.reshape(windows, [-1, rows, columns, window, window, channels]);
      const lined = build.transpose(cells, [0, 1, 3, 2, 4, 5]);
      const padded = build.reshape(lined, [-1, map.paddedHeight, map.paddedWidth, channels]);
      const back = shift === 0 ? padded : roll(build, roll(build, padded, 1, -shift), 2, -shift);
      const ends = sides.join([map.height, map.width]);
      return build.add('Slice', [back, build.ints([0, 0]), ends, build.ints([1, 2])]);
    },
    mask: shift === 0 ? undefined : shiftMask(build, map, window, shift, cut),
  };
}

/** Zeros below and right. */
function padTo(build: Builder, x: Value, { height, width, paddedHeight, paddedWidth }: Map2d): Value {
  const { sides } = build;
  const pads = sides.join([0, 0, 0, 0, 0, sides.sub(paddedHeight, height), sides.sub(paddedWidth, width), 0]);
  return build.add('Pad', [x, pads]);
}

/** Moves tokens by `shift` towards the start of an axis; those that leave come back at its end. */
function roll(build: Builder, x: Value, axis: number, shift: number): Value {
  const [start, end, at] = [build.ints([0]), build.ints([Number.MAX_SAFE_INTEGER]), build.ints([shift])];
  const along = build.ints([axis]);
  return build.concat(
    [build.add('Slice', [x, at, end, along]), build.add('Slice', [x, start, at, along])],
    axis,
  );
}

/** Rolled rows fall into regions [0, -w), [-w, -s) and [-s, end), and so do columns; tokens attend within one alone. */
function shiftMask(
  build: Builder,
  { paddedHeight, paddedWidth }: Map2d,
  window: number,
  shift: number,
  cut: (x: Value, channels: number) => Value,
): Value {
  const regions = (side: Value): Value => {
    const length = build.add('Squeeze', [side]);
    const places = build.add('Range', [build.ints(0), length, build.ints(1)]);
    const beyond = (from: number): Value =>
      build.add(
        'Cast',
        [build.add('GreaterOrEqual', [places, build.add('Sub', [side, build.ints([from])])])],
        { to: 1 },
      );
    return build.add('Add', [beyond(window), beyond(shift)]);
  };
  const rows = build.add('Unsqueeze', [
    build.add('Mul', [regions(paddedHeight), build.floats(3)]),
    build.ints([1]),
  ]);
  const regionOf = build.add('Add', [rows, regions(paddedWidth)]); // [H, W]
  const windows = cut(regionOf, 1); // [n, w², 1]
  const same = build.add('Equal', [windows, build.transpose(windows, [0, 2, 1])]);
  const mask = build.add('Where', [same, build.floats(0), build.floats(MASKED)]);
  return build.add('Unsqueeze', [mask, build.ints([1])]);
}
