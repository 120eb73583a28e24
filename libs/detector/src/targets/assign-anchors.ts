import { pairIou, type TrainingSample, type Xyxy } from '@cassl/vision';
import type { DetectorConfig } from '../config.ts';
import type { Level, MapSize } from '../pyramid.ts';
import type { PositiveTargets } from '../training-batch.ts';
import { ANCHORS_PER_CELL, levelAnchors } from './anchors.ts';
import { boxDeltas } from './box-deltas.ts';
import { cellGrid } from './patch-indices.ts';

/** An anchor is positive from this IoU on, background below the other, and in between it is nothing. */
const FOREGROUND = 0.5;
const BACKGROUND = 0.4;

/** A small box has one IoU with every anchor of a size that it lies in; in float32 these are equal. */
const TIE = 1e-6;

/** What `matchAnchors` gives instead of a ground truth. */
export const NO_MATCH = -1;
export const IGNORED = -2;

export interface AnchorTargets {
  /** [cells × 9] category, `classes` for background, -1 for an anchor that trains nothing. */
  readonly labels: Int32Array;
  /** `cells` are anchors, `distances` deltas; nothing else is set. */
  readonly positives: PositiveTargets;
  /** [image][level] positive anchors. */
  readonly counts: readonly (readonly number[])[];
}

/** Targets of a batch, in the order of the head's predictions: level, image, row, column, anchor. */
export function anchorTargets(
  config: DetectorConfig,
  samples: readonly TrainingSample[],
  levels: readonly Level[],
  sizes: readonly MapSize[],
): AnchorTargets {
  const grid = cellGrid(samples.length, sizes);
  const anchors = levels.map((level, index) => levelAnchors(config, level, sizes[index]!));
  const labels = new Int32Array(grid.count * ANCHORS_PER_CELL).fill(config.classes);
  const cells: number[] = [];
  const deltas: number[] = [];
  const counts = samples.map(({ instances }, image) => {
    const boxes = instances.map(({ box }) => box);
    const matches = matchAnchors(boxes, anchors);
    return matches.map((matched, level) => {
      const { height, width } = sizes[level]!;
      const first = (grid.offsets[level]! + image * height * width) * ANCHORS_PER_CELL;
      let positives = 0;
      matched.forEach((truth, anchor) => {
        if (truth === IGNORED) labels[first + anchor] = -1;
        if (truth < 0) return;
        positives++;
        labels[first + anchor] = instances[truth]!.category;
        cells.push(first + anchor);
        deltas.push(...boxDeltas(boxAt(anchors[level]!, anchor), boxes[truth]!));
      });
      return positives;
    });
  });
  const positives = {
    count: cells.length,
    cells: Int32Array.from(cells),
    patches: new Int32Array(0),
    levels: new Int32Array(0),
    distances: Float32Array.from(deltas),
    centerness: new Float32Array(0),
  };
  return { labels, positives, counts };
}

/** One positive of zeros, at anchor 0, for a part of a batch that has none. */
export function anchorPlaceholder(): PositiveTargets {
  return {
    count: 1,
    cells: new Int32Array(1),
    patches: new Int32Array(0),
    levels: new Int32Array(0),
    distances: new Float32Array(4),
    centerness: new Float32Array(0),
    isPlaceholder: true,
  };
}

/**
 * By level, for every anchor [N × 4] the ground truth with which its IoU is largest, where that is at least 0.5, or where it
 * is the largest that any anchor has with some ground truth, so that none goes without (torchvision's and detectron2's matcher).
 */
export function matchAnchors(boxes: readonly Xyxy[], levels: readonly Float32Array[]): Int32Array[] {
  const best = boxes.map(() => 0);
  const overlaps = levels.map((anchors) => {
    const found = { truth: new Int32Array(anchors.length / 4), iou: new Float64Array(anchors.length / 4) };
    for (let anchor = 0; anchor < found.truth.length; anchor++) {
      boxes.forEach((box, truth) => {
        const iou = pairIou(anchors, anchor * 4, box, 0);
        best[truth] = Math.max(best[truth]!, iou);
        if (iou > found.iou[anchor]!) [found.iou[anchor], found.truth[anchor]] = [iou, truth];
      });
    }
    return found;
  });
  return levels.map((anchors, level) => {
    const { truth, iou } = overlaps[level]!;
    return truth.map((own, anchor) => {
      if (iou[anchor]! >= FOREGROUND) return own;
      const isSomebodysBest = boxes.some(
        (box, index) => best[index]! > 0 && pairIou(anchors, anchor * 4, box, 0) >= best[index]! * (1 - TIE),
      );
      if (isSomebodysBest) return own;
      return iou[anchor]! >= BACKGROUND ? IGNORED : NO_MATCH;
    });
  });
}

function boxAt(anchors: Float32Array, anchor: number): Xyxy {
  return [anchors[anchor * 4]!, anchors[anchor * 4 + 1]!, anchors[anchor * 4 + 2]!, anchors[anchor * 4 + 3]!];
}
