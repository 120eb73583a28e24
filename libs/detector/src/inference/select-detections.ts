import { nonMaximumSuppression } from '@cassl/vision';
import type { DetectorConfig } from '../config.ts';
import { cellCenter, type Level } from '../pyramid.ts';
import { type CellGrid, cellIndex } from '../targets/patch-indices.ts';
import { createTopK } from './top-k.ts';

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
    limit: limits.maxDetections ?? config.maxDetections,
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
  const top = createTopK(config.candidatesPerLevel);
  for (let cell = 0; cell < height * width; cell++) {
    for (let category = 0; category < config.classes; category++) {
      const product = scoreProduct(config, predictions, first + cell, category);
      const judged = onProduct ? product : predictions.classes[(first + cell) * config.classes + category]!;
      if (judged > threshold) top.add(product, cell * config.classes + category);
    }
  }
  return top.indices().map((index) => {
    const category = index % config.classes;
    return decode(inputs, { cell: (index - category) / config.classes, category, width });
  });
}

/** p · quality, of which the score is the root. */
function scoreProduct(
  { classes }: DetectorConfig,
  predictions: DensePredictions,
  cell: number,
  category: number,
): number {
  return Math.fround(predictions.classes[cell * classes + category]! * predictions.boxes[cell * 5 + 4]!);
}

function decode(
  { config, level, index, grid, predictions, image }: LevelInputs,
  { cell, category, width }: { cell: number; category: number; width: number },
): Candidate {
  const row = Math.floor(cell / width);
  const column = cell % width;
  const [x, y] = [cellCenter(column, level.stride), cellCenter(row, level.stride)];
  const at = cellIndex(grid, image, index, row, column);
  const distance = (side: number): number => predictions.boxes[at * 5 + side]! * level.stride;
  return {
    image,
    level: index,
    row,
    column,
    category,
    score: Math.sqrt(scoreProduct(config, predictions, at, category)),
    box: [x - distance(0), y - distance(1), x + distance(2), y + distance(3)],
  };
}

/** The best `limit`; what ties with the last of them stays, as in the reference. */
function keepBest(sorted: readonly Candidate[], limit: number): Candidate[] {
  const last = sorted[limit - 1];
  return last === undefined ? [...sorted] : sorted.filter((candidate) => candidate.score >= last.score);
}
