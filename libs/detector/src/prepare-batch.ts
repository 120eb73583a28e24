import { invalidArgument } from '@cassl/errors';
import type { TrainingInstance, TrainingSample } from '@cassl/vision';
import type { DetectorConfig } from './config.ts';
import { seedOfKeys, type BatchPart, type PartSurvey } from './batch-part.ts';
import { createNormaliser } from './normalise-image.ts';
import { cellCenter, type Level, levelSizes, paddedSize, pyramidLevels } from './pyramid.ts';
import { assignTargets, type GroundTruth, type PlacedPositive } from './targets/assign-targets.ts';
import { anchorPlaceholder, anchorTargets } from './targets/assign-anchors.ts';
import { boxCenter, maskCentroid } from './targets/mask-geometry.ts';
import { buildMaskTargets } from './targets/build-mask-targets.ts';
import { type CellGrid, cellGrid, cellIndex, writePatch } from './targets/patch-indices.ts';
import { centerness, regressionTarget } from './targets/regression-targets.ts';
import type { PositiveTargets, TrainingBatch } from './training-batch.ts';

export { joinSurveys, type BatchPart, type PartSurvey } from './batch-part.ts';
export { batchTransferList, type TrainingBatch } from './training-batch.ts';

export interface PrepareBatchOptions {
  /** Draws the mask instances; by default a hash of the samples' keys, so that a batch is a pure function of its samples. */
  readonly seed?: number;
  /** Where the samples are a part of a batch that several processes share: from their surveys, by `joinSurveys`. */
  readonly part?: BatchPart | undefined;
}

/** What other processes must know of these samples before each prepares its part of the batch. Pure, as `prepareBatch`. */
export function surveyBatch(config: DetectorConfig, samples: readonly TrainingSample[]): PartSurvey {
  for (const sample of samples) checkSample(config, sample);
  const frame = paddedSize(
    config,
    samples.map(({ image }) => image),
  );
  const levels = pyramidLevels(config);
  const sizes = levelSizes(config, frame);
  const keys = samples.map(({ key }) => key);
  if (config.head === 'retinanet') {
    return { keys, frame, positives: anchorTargets(config, samples, levels, sizes).counts };
  }
  return {
    keys,
    frame,
    positives: samples.map((sample, image) => {
      const placed = placePositives(config, sample, image, levels, sizes);
      return levels.map((_, level) => placed.filter((positive) => positive.level === level).length);
    }),
  };
}

/**
 * Pads, normalises and assigns: all the work of a training step that needs no tensor engine. Pure, loads no tf.js, and
 * its result can be transferred between threads.
 *
 * @throws INVALID_ARGUMENT for an empty batch, a category outside `classes`, a box that is not finite or has no area,
 * a mask of another size than its image, or a missing mask where `config.masks`.
 */
export function prepareBatch(
  config: DetectorConfig,
  samples: readonly TrainingSample[],
  options: PrepareBatchOptions = {},
): TrainingBatch {
  if (samples.length === 0) throw invalidArgument('prepareBatch: samples is empty, give at least one image');
  for (const sample of samples) checkSample(config, sample);

  const { part } = options;
  const own = samples.map((sample) => sample.image);
  const { height, width } = part?.frame ?? paddedSize(config, own);
  const images = new Float32Array(samples.length * height * width * 3);
  const normalise = createNormaliser(config);
  samples.forEach((sample, index) => {
    normalise(sample.image, images, index * height * width * 3, width);
  });

  const levels = pyramidLevels(config);
  const sizes = levelSizes(config, { height, width });
  const keys = samples.map((sample) => sample.key);
  const others = part?.positives.flat().some((count) => count > 0) === true;
  if (config.head === 'retinanet') {
    const { labels, positives } = anchorTargets(config, samples, levels, sizes);
    return {
      ...{ keys, batchSize: samples.length, height, width, images, labels },
      positives: positives.count === 0 && others ? anchorPlaceholder() : positives,
    };
  }
  const grid = cellGrid(samples.length, sizes);
  const placed = samples.flatMap((sample, image) => placePositives(config, sample, image, levels, sizes));
  placed.sort((a, b) => a.level - b.level || a.image - b.image);

  const labels = new Int32Array(grid.count).fill(config.classes);
  for (const positive of placed) {
    labels[cellIndex(grid, positive.image, positive.level, positive.row, positive.column)] =
      samples[positive.image]!.instances[positive.groundTruth]!.category;
  }
  const seed = options.seed ?? part?.seed ?? seedOfKeys(keys);
  // Of no positive at all there is nothing to train; of none in this part a placeholder keeps the processes in step.
  const hasPositives = placed.length > 0 || others;
  const masks =
    config.masks && hasPositives
      ? buildMaskTargets({ config, samples, placed, levels, frame: { height, width }, seed, part })
      : undefined;
  return {
    keys,
    batchSize: samples.length,
    height,
    width,
    images,
    labels,
    positives:
      placed.length === 0 && hasPositives
        ? placeholder(grid)
        : positiveTargets(samples, placed, levels, grid),
    ...(masks === undefined ? {} : { masks }),
  };
}

function placePositives(
  config: DetectorConfig,
  sample: TrainingSample,
  image: number,
  levels: readonly Level[],
  sizes: ReturnType<typeof levelSizes>,
): PlacedPositive[] {
  const groundTruths = sample.instances.map((instance) => groundTruth(config, instance));
  return assignTargets(groundTruths, levels, sizes, config.centerRadius).map((assignment) => ({
    ...assignment,
    image,
    x: cellCenter(assignment.column, levels[assignment.level]!.stride),
    y: cellCenter(assignment.row, levels[assignment.level]!.stride),
  }));
}

function groundTruth(config: DetectorConfig, { box, mask }: TrainingInstance): GroundTruth {
  const centroid = config.masks && mask !== undefined ? maskCentroid(mask) : undefined;
  return { box, center: centroid ?? boxCenter(box) };
}

function positiveTargets(
  samples: readonly TrainingSample[],
  placed: readonly PlacedPositive[],
  levels: readonly Level[],
  grid: CellGrid,
): PositiveTargets {
  const count = placed.length;
  const targets = {
    count,
    cells: new Int32Array(count),
    patches: new Int32Array(count * 9),
    levels: new Int32Array(count),
    distances: new Float32Array(count * 4),
    centerness: new Float32Array(count),
  };
  placed.forEach((positive, index) => {
    const { image, level, row, column, x, y, groundTruth } = positive;
    const distances = regressionTarget(
      samples[image]!.instances[groundTruth]!.box,
      x,
      y,
      levels[level]!.stride,
    );
    targets.cells[index] = cellIndex(grid, image, level, row, column);
    targets.levels[index] = level;
    targets.distances.set(distances, index * 4);
    targets.centerness[index] = centerness(distances);
    writePatch(grid, positive, targets.patches, index * 9);
  });
  return targets;
}

/** One positive of zeros, at no cell. */
function placeholder(grid: CellGrid): PositiveTargets {
  return {
    count: 1,
    cells: new Int32Array(1),
    patches: new Int32Array(9).fill(grid.count),
    levels: new Int32Array(1),
    distances: new Float32Array(4).fill(1),
    centerness: new Float32Array(1),
    isPlaceholder: true,
  };
}

function checkSample(config: DetectorConfig, { key, image, instances }: TrainingSample): void {
  instances.forEach(({ box, category, mask }, index) => {
    const where = `sample ${key}, instance ${index}`;
    if (!(Number.isInteger(category) && category >= 0 && category < config.classes)) {
      throw invalidArgument(
        `${where}: category must be an integer in [0, ${config.classes}), got ${category}`,
      );
    }
    if (!(box.every(Number.isFinite) && box[2] > box[0] && box[3] > box[1])) {
      throw invalidArgument(`${where}: box must be finite with x2 > x1 and y2 > y1, got [${box.join(', ')}]`);
    }
    if (mask === undefined) {
      if (config.masks)
        throw invalidArgument(`${where}: mask is missing; give masks, or set DetectorConfig.masks to false`);
    } else if (mask.width !== image.width || mask.height !== image.height) {
      throw invalidArgument(
        `${where}: mask is ${mask.width}×${mask.height}, its image ${image.width}×${image.height}; they must agree`,
      );
    }
  });
}
