import { invalidArgument } from '@cassl/errors';
import type { TrainingInstance, TrainingSample } from '@cassl/vision';
import type { DetectorConfig } from './config.ts';
import { createNormaliser } from './normalise-image.ts';
import { cellCenter, type Level, levelSizes, paddedSize, pyramidLevels } from './pyramid.ts';
import { seedOf } from './random.ts';
import { assignTargets, type GroundTruth, type PlacedPositive } from './targets/assign-targets.ts';
import { boxCenter, maskCentroid } from './targets/mask-geometry.ts';
import { buildMaskTargets } from './targets/build-mask-targets.ts';
import { type CellGrid, cellGrid, cellIndex, writePatch } from './targets/patch-indices.ts';
import { centerness, regressionTarget } from './targets/regression-targets.ts';
import type { PositiveTargets, TrainingBatch } from './training-batch.ts';

export { batchTransferList, type TrainingBatch } from './training-batch.ts';

export interface PrepareBatchOptions {
  /** Draws the mask instances; by default a hash of the samples' keys, so that a batch is a pure function of its samples. */
  readonly seed?: number;
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

  const { height, width } = paddedSize(
    config,
    samples.map((sample) => sample.image),
  );
  const images = new Float32Array(samples.length * height * width * 3);
  const normalise = createNormaliser(config);
  samples.forEach((sample, index) => {
    normalise(sample.image, images, index * height * width * 3, width);
  });

  const levels = pyramidLevels(config);
  const sizes = levelSizes(config, { height, width });
  const grid = cellGrid(samples.length, sizes);
  const placed = samples.flatMap((sample, image) => placePositives(config, sample, image, levels, sizes));
  placed.sort((a, b) => a.level - b.level || a.image - b.image);

  const labels = new Int32Array(grid.count).fill(config.classes);
  for (const positive of placed) {
    labels[cellIndex(grid, positive.image, positive.level, positive.row, positive.column)] =
      samples[positive.image]!.instances[positive.groundTruth]!.category;
  }
  const keys = samples.map((sample) => sample.key);
  const seed = options.seed ?? seedOf(keys.join('\n'));
  const masks =
    config.masks && placed.length > 0
      ? buildMaskTargets({ config, samples, placed, levels, frame: { height, width }, seed })
      : undefined;
  return {
    keys,
    batchSize: samples.length,
    height,
    width,
    images,
    labels,
    positives: positiveTargets(samples, placed, levels, grid),
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
