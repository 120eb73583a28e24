import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { LevelPrediction } from '../heads/fcos-head.ts';

/** Claims of cells, the best of every level; N is the same for all images, and unused places are marked. */
export interface Candidates {
  /** [B, N, 4] left, top, right, bottom around the cell's centre. */
  readonly distances: Value;
  /** [B, N] sqrt(p · quality); −1 where there is none. */
  readonly scores: Value;
  /** [B, N] int64 */
  readonly categories: Value;
  /** [B, N] int64, place in the table of all levels' cells. */
  readonly cells: Value;
}

/** Method 2.7: threshold, then the best `candidatesPerLevel` of each level. */
export function candidates(build: Builder, levels: readonly LevelPrediction[]): Candidates {
  let before: Value = build.ints([0]);
  const found = levels.map((level) => {
    const best = levelCandidates(build, level, before);
    before = build.sides.add(before, build.sides.of(level.classLogits, 1));
    return best;
  });
  const joined = (part: keyof Candidates): Value =>
    build.concat(
      found.map((level) => level[part]),
      1,
    );
  return {
    distances: joined('distances'),
    scores: joined('scores'),
    categories: joined('categories'),
    cells: joined('cells'),
  };
}

function levelCandidates(build: Builder, level: LevelPrediction, before: Value): Candidates {
  const { classes, candidatesPerLevel } = build.config;
  const judged = build.reshape(judgedProducts(build, level), [0, -1]); // [B, cells · K]
  const most = build.sides.min(build.sides.of(judged, 1), build.ints([candidatesPerLevel]));
  const [products, places] = build.addMany('TopK', [judged, most], 2, { axis: 1 }) as [Value, Value];
  const cell = build.add('Div', [places, build.ints([classes])]);
  const categories = build.add('Mod', [places, build.ints([classes])]);
  const isNone = build.add('Less', [products, build.floats(0)]);
  const root = build.add('Sqrt', [build.add('Max', [products, build.floats(0)])]);
  return {
    distances: rowsAt(build, level.distances, cell),
    scores: build.add('Where', [isNone, build.floats(-1), root]),
    categories,
    cells: build.add('Add', [cell, before]),
  };
}

/** [B, cells, K] p · quality; −1 where it is not above the threshold. */
function judgedProducts(build: Builder, { classLogits, qualityLogits }: LevelPrediction): Value {
  const { scoreThreshold, thresholdOn } = build.config;
  const p = build.add('Sigmoid', [classLogits]);
  const product = build.add('Mul', [p, build.add('Sigmoid', [qualityLogits])]);
  const judged = thresholdOn === 'product' ? product : p;
  const isKept = build.add('Greater', [judged, build.floats(scoreThreshold)]);
  return build.add('Where', [isKept, product, build.floats(-1)]);
}

/** Rows of [B, M, C] at places [B, N] → [B, N, C]. */
export function rowsAt(build: Builder, rows: Value, places: Value): Value {
  return build.add('GatherND', [rows, build.add('Unsqueeze', [places, build.ints([2])])], { batch_dims: 1 });
}
