import { nonMaximumSuppression } from '@cassl/vision';
import type { DetectorConfig } from '../config.ts';
import { cellCenter, type Level } from '../pyramid.ts';
import { type CellGrid, cellIndex } from '../targets/patch-indices.ts';

/** What the head says about every cell of a batch, in `cellGrid` order. */
export interface DensePredictions {
  /** [cells × K] probabilities. */
  readonly classes: Float32Array;
  /** [cells × 5] left, top, right, bottom in strides, then the quality's probability. */
  readonly boxes: Float32Array;
}

/** A cell's claim, in pixels of the network's input. */
export interface Candidate {
  readonly image: number;
  readonly level: number;
  readonly row: number;
  readonly column: number;
  readonly category: number;
  /** sqrt(p · quality) */
  readonly score: number;
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

export interface SelectionLimits {
  /** Default: the config's. */
  readonly scoreThreshold?: number;
  readonly nmsThreshold?: number;
  readonly maxDetections?: number;
}

/** Method 2.7 for one image: threshold, top k per level, decode, class-wise NMS, best `maxDetections`. Best first. */
export function selectDetections(
  config: DetectorConfig,
  levels: readonly Level[],
  grid: CellGrid,
  predictions: DensePredictions,
  image: number,
  limits: SelectionLimits = {},
): Candidate[] {
  const threshold = limits.scoreThreshold ?? config.scoreThreshold;
  const candidates = levels.flatMap((level, index) =>
    levelCandidates({ config, level, index, grid, predictions, image, threshold }),
  );
  if (candidates.length === 0) return [];
  const kept = nonMaximumSuppression({
    boxes: Float32Array.from(candidates.flatMap((candidate) => candidate.box)),
    scores: Float32Array.from(candidates, (candidate) => candidate.score),
    groups: Int32Array.from(candidates, (candidate) => candidate.category),
    iouThreshold: limits.nmsThreshold ?? config.nmsThreshold,
  });
  const survivors = [...kept].map((index) => candidates[index]!).sort((a, b) => b.score - a.score);
  return keepBest(survivors, limits.maxDetections ?? config.maxDetections);
}

interface LevelInputs {
  readonly config: DetectorConfig;
  readonly level: Level;
  readonly index: number;
  readonly grid: CellGrid;
  readonly predictions: DensePredictions;
  readonly image: number;
  readonly threshold: number;
}

function levelCandidates(inputs: LevelInputs): Candidate[] {
  const { config, index, grid, predictions, image, threshold } = inputs;
  const { height, width } = grid.sizes[index]!;
  const onProduct = config.thresholdOn === 'product';
  const first = cellIndex(grid, image, index, 0, 0);
  const found: { cell: number; category: number; product: number }[] = [];
  for (let cell = 0; cell < height * width; cell++) {
    const quality = predictions.boxes[(first + cell) * 5 + 4]!;
    for (let category = 0; category < config.classes; category++) {
      const probability = predictions.classes[(first + cell) * config.classes + category]!;
      const product = Math.fround(probability * quality);
      if ((onProduct ? product : probability) > threshold) found.push({ cell, category, product });
    }
  }
  const best = found.sort((a, b) => b.product - a.product).slice(0, config.candidatesPerLevel);
  return best.map(({ cell, category, product }) => decode(inputs, { cell, category, product, width }));
}

function decode(
  { level, index, grid, predictions, image }: LevelInputs,
  { cell, category, product, width }: { cell: number; category: number; product: number; width: number },
): Candidate {
  const row = Math.floor(cell / width);
  const column = cell % width;
  const [x, y] = [cellCenter(column, level.stride), cellCenter(row, level.stride)];
  const at = cellIndex(grid, image, index, row, column) * 5;
  const distance = (side: number): number => predictions.boxes[at + side]! * level.stride;
  return {
    image,
    level: index,
    row,
    column,
    category,
    score: Math.sqrt(product),
    box: [x - distance(0), y - distance(1), x + distance(2), y + distance(3)],
  };
}

/** The best `limit`; what ties with the last of them stays, as in the reference. */
function keepBest(sorted: readonly Candidate[], limit: number): Candidate[] {
  const last = sorted[limit - 1];
  return last === undefined ? [...sorted] : sorted.filter((candidate) => candidate.score >= last.score);
}
