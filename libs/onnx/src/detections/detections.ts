import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { CellTable } from '../heads/cell-centers.ts';
import type { LevelPrediction } from '../heads/fcos-head.ts';
import { candidates, rowsAt } from './candidates.ts';
import { suppress } from './suppress.ts';

/** The best of every image, best first; D is the same for all, and unused places come last. */
export interface Detections {
  /** [B, D, 4] x1, y1, x2, y2 in pixels of the input, clipped to it; 0 in unused places. */
  readonly boxes: Value;
  /** [B, D]; 0 in unused places. */
  readonly scores: Value;
  /** [B, D] int64; −1 in unused places. */
  readonly labels: Value;
  /** [B] int64: places that are used. */
  readonly counts: Value;
  /** [B, D] int64: the cells they come from. */
  readonly cells: Value;
}

/** Method 2.7 for a batch: threshold, best per level, decode, suppression by class, the best `maxDetections`. */
export function detections(
  build: Builder,
  levels: readonly LevelPrediction[],
  table: CellTable,
  images: Value,
): Detections {
  const found = candidates(build, levels);
  const boxes = decode(
    build,
    found.distances,
    build.add('Gather', [table.centers, found.cells], { axis: 0 }),
  );
  const scores = suppress(build, { ...found, boxes });
  const best = topPlaces(
    build,
    scores,
    build.sides.min(build.sides.of(scores, 1), build.ints([build.config.maxDetections])),
  );
  const clipped = clip(build, rowsAt(build, boxes, best.places), images);
  // Boxes that lie outside the image are dropped after the best were chosen, as our engine does it.
  const inside = dropEmpty(build, best.scores, clipped);
  const kept = topPlaces(build, inside, build.sides.of(inside, 1));
  const places = build.add('GatherElements', [best.places, kept.places], { axis: 1 });
  const isUsed = build.add('GreaterOrEqual', [kept.scores, build.floats(0)]);
  const labels = build.add('GatherElements', [found.categories, places], { axis: 1 });
  const used = build.add('Cast', [isUsed], { to: 7 });
  return {
    boxes: build.add('Where', [
      build.add('Unsqueeze', [isUsed, build.ints([2])]),
      rowsAt(build, clipped, kept.places),
      build.floats(0),
    ]),
    scores: build.add('Max', [kept.scores, build.floats(0)]),
    labels: build.add('Where', [isUsed, labels, build.ints(-1)]),
    counts: build.add('ReduceSum', [used, build.ints([1])], { keepdims: 0 }),
    cells: build.add('GatherElements', [found.cells, places], { axis: 1 }),
  };
}

function topPlaces(build: Builder, scores: Value, count: Value): { scores: Value; places: Value } {
  const [best, places] = build.addMany('TopK', [scores, count], 2, { axis: 1 }) as [Value, Value];
  return { scores: best, places };
}

/** [B, N, 4] distances around [B, N, 2] centres → corners. */
function decode(build: Builder, distances: Value, centers: Value): Value {
  const [near, far] = build.addMany('Split', [distances], 2, { axis: 2, num_outputs: 2 }) as [Value, Value];
  return build.concat([build.add('Sub', [centers, near]), build.add('Add', [centers, far])], 2);
}

/** To the input's own height and width. */
function clip(build: Builder, boxes: Value, images: Value): Value {
  const { sides } = build;
  const [height, width] = [sides.of(images, 2), sides.of(images, 3)];
  const limits = build.add('Cast', [sides.join([width, height, width, height])], { to: 1 });
  return build.add('Min', [build.add('Max', [boxes, build.floats(0)]), limits]);
}

/** Scores with −1 where the box has no width or no height. */
function dropEmpty(build: Builder, scores: Value, boxes: Value): Value {
  const [near, far] = build.addMany('Split', [boxes], 2, { axis: 2, num_outputs: 2 }) as [Value, Value];
  const smaller = build.add('ReduceMin', [build.add('Sub', [far, near]), build.ints([2])], { keepdims: 0 });
  const isEmpty = build.add('LessOrEqual', [smaller, build.floats(0)]);
  return build.add('Where', [isEmpty, build.floats(-1), scores]);
}
