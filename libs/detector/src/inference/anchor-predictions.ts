/**
 * RetinaNet's predictions in the form that the selection takes, which is FCOS's (`DensePredictions`): a map of nine times its width
 * has a cell for every anchor, boxes are distances from that cell's centre, and since a score there is √(p · quality), the
 * probability is squared and the quality 1.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import type { RetinaNetHead } from '../heads/retinanet-head.ts';
import { cellCenter, type Level, type MapSize } from '../pyramid.ts';
import { ANCHORS_PER_CELL, levelAnchors } from '../targets/anchors.ts';
import { applyDeltas } from './apply-deltas.ts';
import type { SelectionLimits } from './select-detections.ts';

/** A cell for every anchor. */
export function anchorMap({ height, width }: MapSize): MapSize {
  return { height, width: width * ANCHORS_PER_CELL };
}

/** Probabilities are squared, so their threshold is. */
export function anchorLimits(config: DetectorConfig, limits: SelectionLimits): SelectionLimits {
  return { ...limits, scoreThreshold: (limits.scoreThreshold ?? config.scoreThreshold) ** 2 };
}

/** [anchors, K] and [anchors, 5] of a batch of `images`, as `DensePredictions` says. */
export function anchorPredictions(
  config: DetectorConfig,
  head: RetinaNetHead,
  pyramid: readonly tf.Tensor4D[],
  {
    levels,
    sizes,
    images,
  }: { readonly levels: readonly Level[]; readonly sizes: readonly MapSize[]; readonly images: number },
): { classes: tf.Tensor2D; boxes: tf.Tensor2D } {
  return tf.tidy(() => {
    const { logits, deltas } = head.predict(pyramid);
    const frames = levels.map((level, index) => {
      const one = anchorFrame(config, level, sizes[index]!);
      return tf.tile(tf.tensor2d(one, [one.length / 7, 7]), [images, 1]);
    });
    const [anchors, centers, scale] = tf.split<tf.Tensor2D>(tf.concat(frames, 0), [4, 2, 1], 1);
    const [start, end] = tf.split(applyDeltas(deltas, anchors!), 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const distances = tf.mul<tf.Tensor2D>(
      tf.concat([tf.sub(centers!, start), tf.sub(end, centers!)], 1),
      scale!,
    );
    return {
      classes: tf.square(tf.sigmoid(logits)),
      boxes: tf.concat<tf.Tensor2D>([distances, tf.onesLike(scale!)], 1),
    };
  });
}

/** [anchors × 7] of one image's level: the anchor, the centre of its cell in the wide map, 1 / stride. */
function anchorFrame(config: DetectorConfig, level: Level, size: MapSize): Float32Array {
  const anchors = levelAnchors(config, level, size);
  const { height, width } = anchorMap(size);
  const frame = new Float32Array(height * width * 7);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      frame.set(anchors.subarray(at * 4, at * 4 + 4), at * 7);
      const center = [cellCenter(column, level.stride), cellCenter(row, level.stride), 1 / level.stride];
      frame.set(center, at * 7 + 4);
    }
  }
  return frame;
}
