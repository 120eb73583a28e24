import { detectionKernels } from '@cassl/engine';
import type { Detection, Rle } from '@cassl/vision';
import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { cellRows, gatherPatches } from '../heads/cells.ts';
import { dynamicMaskLogits } from '../heads/dynamic-mask-head.ts';
import type { Model } from '../model.ts';
import { type Level, levelSizes, type MapSize, pyramidLevels } from '../pyramid.ts';
import { type CellGrid, cellGrid, writePatch } from '../targets/patch-indices.ts';
import { anchorLimits, anchorMap, anchorPredictions } from './anchor-predictions.ts';
import { createMaskPaster, tapsOf } from './paste-mask.ts';
import { type PlacedImage, placeImages } from './place-images.ts';
import {
  type Candidate,
  type DensePredictions,
  selectDetections,
  type SelectionLimits,
} from './select-detections.ts';
import { selectNatively } from './select-natively.ts';

/** Images of one padded size, with what is needed to go back to their own pixels. */
export interface InferenceBatch {
  readonly padded: MapSize;
  readonly images: readonly PlacedImage[];
  readonly original: readonly MapSize[];
}

export interface DetectLimits extends SelectionLimits {
  /** Default: the config's. False saves the mask part of a mask model. */
  readonly masks?: boolean;
}

/** Method 2.7: one pass over the batch, selection on the host, masks of the survivors only. */
export async function detectBatch(
  config: DetectorConfig,
  model: Model,
  batch: InferenceBatch,
  /** By image. */
  limits: readonly DetectLimits[],
): Promise<Detection[][]> {
  const levels = pyramidLevels(config);
  const sizes = levelSizes(config, batch.padded);
  const anchored = model.head.kind === 'retinanet';
  const grid = cellGrid(batch.original.length, anchored ? sizes.map(anchorMap) : sizes);
  const masks = limits.every((limit) => limit.masks === false) ? undefined : model.masks;
  const dense = densePass(config, model, masks, batch);
  try {
    const [classes, boxes] = await Promise.all([
      dense.classes.data<'float32'>(),
      dense.boxes.data<'float32'>(),
    ]);
    const selected = selectAll(
      config,
      levels,
      grid,
      { classes, boxes },
      anchored ? limits.map((limit) => anchorLimits(config, limit)) : limits,
    );
    const perImage = selected.map((candidates, image) =>
      candidates.flatMap((candidate) => {
        const box = toOriginal(candidate.box, batch.images[image]!.resized, batch.original[image]!);
        return box[2] > box[0] && box[3] > box[1] ? [{ candidate, box }] : [];
      }),
    );
    const rles =
      dense.mask === undefined
        ? undefined
        : await pasteMasks(
            config,
            dense.mask,
            grid,
            perImage.map((list, image) =>
              limits[image]?.masks === false ? [] : list.map(({ candidate }) => candidate),
            ),
            batch,
          );
    return perImage.map((list, image) =>
      list.map(({ candidate: { score, category }, box }, index): Detection => {
        const mask = rles?.[image]?.[index];
        return { box, score, category, ...(mask === undefined ? {} : { mask }) };
      }),
    );
  } finally {
    tf.dispose([dense.classes, dense.boxes, dense.mask?.features ?? [], dense.mask?.rows ?? []]);
  }
}

/** Of all that the heads say about every cell; NaN or infinite where a part of the network is. */
export async function sumOfOutputs(
  config: DetectorConfig,
  model: Model,
  batch: InferenceBatch,
): Promise<number> {
  const { classes, boxes } = densePass(config, model, undefined, batch);
  const sum = tf.tidy(() => tf.add(tf.sum(classes), tf.sum(boxes)));
  try {
    const [value = NaN] = await sum.data();
    return value;
  } finally {
    tf.dispose([classes, boxes, sum]);
  }
}

function selectAll(
  config: DetectorConfig,
  levels: readonly Level[],
  grid: CellGrid,
  predictions: DensePredictions,
  limits: readonly SelectionLimits[],
): Candidate[][] {
  const native = detectionKernels();
  return native === undefined
    ? limits.map((limit, image) => selectDetections(config, levels, grid, predictions, image, limit))
    : selectNatively(native, config, levels, grid, predictions, limits);
}

interface MaskInputs {
  readonly parts: NonNullable<Model['masks']>;
  /** [B, h, w, d] */
  readonly features: tf.Tensor4D;
  /** [cells + 1, C] of the controller's features. */
  readonly rows: tf.Tensor2D;
}

function densePass(
  config: DetectorConfig,
  model: Model,
  parts: Model['masks'],
  { images, padded }: InferenceBatch,
): { classes: tf.Tensor2D; boxes: tf.Tensor2D; mask: MaskInputs | undefined } {
  let mask: MaskInputs | undefined;
  const { classes, boxes } = tf.tidy(() => {
    const input = placeImages(config, images, padded);
    const pyramid = model.pyramid(input, { training: false, random: () => 0 });
    const { head } = model;
    if (head.kind === 'retinanet') {
      const levels = pyramidLevels(config);
      const sizes = levelSizes(config, padded);
      return anchorPredictions(config, head, pyramid, { levels, sizes, images: images.length });
    }
    const towers = head.boxTower(pyramid);
    const perLevel = towers.map((tower, level) => {
      const { distances, quality } = head.boxesOf(tower, level);
      return tf.reshape(tf.concat([distances, tf.sigmoid(quality)], 3), [-1, 5]);
    });
    if (parts !== undefined) {
      const rows = tf.keep(cellRows(parts.controller.features(towers)));
      mask = { parts, rows, features: tf.keep(parts.branch.forward(pyramid, false)) };
    }
    return {
      classes: tf.sigmoid(head.classLogits(pyramid)),
      boxes: tf.concat(perLevel, 0) as tf.Tensor2D,
    };
  });
  return { classes, boxes, mask };
}

function toOriginal(
  box: Candidate['box'],
  resized: MapSize,
  original: MapSize,
): [number, number, number, number] {
  const scaleX = original.width / resized.width;
  const scaleY = original.height / resized.height;
  const clip = (value: number, limit: number): number => Math.min(limit, Math.max(0, value));
  return [
    clip(box[0] * scaleX, original.width),
    clip(box[1] * scaleY, original.height),
    clip(box[2] * scaleX, original.width),
    clip(box[3] * scaleY, original.height),
  ];
}

async function pasteMasks(
  config: DetectorConfig,
  inputs: MaskInputs,
  grid: CellGrid,
  perImage: readonly (readonly Candidate[])[],
  batch: InferenceBatch,
): Promise<Detection['mask'][][]> {
  const slots = Math.max(...perImage.map((list) => list.length));
  if (slots === 0) return perImage.map(() => []);
  const probabilities = maskProbabilities(config, inputs, grid, perImage, slots);
  const [, height, width] = probabilities.shape;
  const native = detectionKernels();
  try {
    const values = native === undefined ? await probabilities.data<'float32'>() : undefined;
    return perImage.map((list, image): Rle[] => {
      if (list.length === 0) return [];
      const { resized } = batch.images[image]!;
      const original = batch.original[image]!;
      const paste = {
        map: { height, width },
        factor: 2 ** (config.levels[0]! - 1),
        resized,
        original,
        threshold: config.maskThreshold,
      };
      const first = image * slots;
      if (native !== undefined) {
        const options = { ...tapsOf(paste), first, count: list.length, threshold: paste.threshold };
        return native.pasteMasks(probabilities, options).map((counts) => ({ ...sizeOf(original), counts }));
      }
      const pasteOne = createMaskPaster(paste);
      const size = height * width;
      return list.map((_, index) =>
        pasteOne(values!.subarray((first + index) * size, (first + index + 1) * size)),
      );
    });
  } finally {
    probabilities.dispose();
  }
}

function sizeOf({ height, width }: MapSize): MapSize {
  return { height, width };
}

/** [B × slots, 2h, 2w]; slots beyond an image's detections repeat cell 0 and are not read. */
function maskProbabilities(
  config: DetectorConfig,
  { parts, features, rows }: MaskInputs,
  grid: CellGrid,
  perImage: readonly (readonly Candidate[])[],
  slots: number,
): tf.Tensor3D {
  const levels = pyramidLevels(config);
  const patches = new Int32Array(perImage.length * slots * 9);
  const origins = new Float32Array(perImage.length * slots * 3);
  perImage.forEach((list, image) => {
    list.forEach((candidate, index) => {
      const at = image * slots + index;
      const { stride, sizeOfInterest } = levels[candidate.level]!;
      const scale = 1 / sizeOfInterest;
      const center = (cell: number): number => cell * stride + (stride >> 1);
      writePatch(grid, candidate, patches, at * 9);
      origins.set([center(candidate.column) * scale, center(candidate.row) * scale, scale], at * 3);
    });
  });
  return tf.tidy(() => {
    const parameters = parts.controller.parametersAt(gatherPatches(rows, tf.tensor1d(patches, 'int32')));
    return tf.sigmoid(dynamicMaskLogits(features, 2 ** config.levels[0]!, { slots, parameters, origins }));
  });
}
