/**
 * FCOS head (Tian et al. 2019, https://arxiv.org/abs/1904.01355) as in method.md 2.4:
 *
 *   P_k ─ cls tower ─ 3×3 ─ K logits
 *       └ box tower ─ 3×3 ─ 4 distances = ReLU(scale_k · x), in strides
 *                   └ 3×3 ─ centerness logit
 *
 * Box and centerness are trained at positive cells only, so in training they are evaluated there and nowhere else.
 */
import * as tf from '@tensorflow/tfjs-core';
import { conv2d } from '@cassl/engine';
import type { DetectorConfig } from '../config.ts';
import { constant, normal, zeros } from '../layers/initialisers.ts';
import { createConvolution } from '../layers/convolution.ts';
import { inSequence } from '../layers/in-sequence.ts';
import type { ParameterStore } from '../parameters.ts';
import { convolvePatches } from './cells.ts';
import { createTower } from './tower.ts';

const NAME = 'proposal_generator.fcos_head';

export interface BoxPrediction {
  /** [P, 4] left, top, right, bottom in strides, not negative. */
  readonly distances: tf.Tensor2D;
  /** [P] logit of centerness (or IoU). */
  readonly quality: tf.Tensor1D;
}

export interface DenseBoxes {
  /** [B, H, W, 4] in strides. */
  readonly distances: tf.Tensor4D;
  /** [B, H, W, 1] */
  readonly quality: tf.Tensor4D;
}

export interface FcosHead {
  readonly kind: 'fcos';
  /** [cells, K], the cells of all levels in `cellGrid` order. */
  classLogits(pyramid: readonly tf.Tensor4D[]): tf.Tensor2D;
  boxTower(pyramid: readonly tf.Tensor4D[]): tf.Tensor4D[];
  /** `patches` [P, 9C] of the box tower, `levels` [P]. */
  boxesAt(patches: tf.Tensor2D, levels: tf.Tensor1D): BoxPrediction;
  /** Everywhere on one level. */
  boxesOf(towerMap: tf.Tensor4D, level: number): DenseBoxes;
}

/** -log((1 - π) / π): every cell starts with probability π (focal loss, section 4.1). */
export function priorBias(probability: number): number {
  return -Math.log((1 - probability) / probability);
}

export function createFcosHead(store: ParameterStore, config: DetectorConfig): FcosHead {
  const strides = config.levels.map((level) => 2 ** level);
  const predictor = (name: string, outChannels: number, bias?: number) =>
    createConvolution(store, `${NAME}.${name}`, {
      inChannels: config.pyramidChannels,
      outChannels,
      kernel: 3,
      init: normal(0.01),
      ...(bias === undefined ? {} : { bias: bias === 0 ? zeros : constant(bias) }),
      appliedAt: strides,
    });
  const classTower = createTower(store, `${NAME}.cls_tower`, config);
  const boxTower = createTower(store, `${NAME}.bbox_tower`, config);
  const classes = predictor('cls_logits', config.classes, priorBias(config.priorProbability));
  const boxes = predictor('bbox_pred', 4, config.predictorBias ? config.boxBias : undefined);
  const quality = predictor('ctrness', 1, config.predictorBias ? 0 : undefined);
  const scales = config.levels.map(
    (_, index) =>
      store.add(`${NAME}.scales.${index}.scale`, {
        shape: [1],
        layout: 'same',
        init: constant(1),
      }) as tf.Variable<tf.Rank.R1>,
  );

  const filter = (): tf.Tensor4D => tf.concat([boxes.filter, quality.filter], 3);
  const bias = (): tf.Tensor1D | undefined =>
    boxes.bias === undefined || quality.bias === undefined
      ? undefined
      : tf.concat([boxes.bias, quality.bias]);

  return {
    kind: 'fcos',
    classLogits: (pyramid) =>
      tf.tidy(() => {
        const maps = pyramid.map((map) => inSequence(map, [classTower, classes.forward]));
        return tf.concat(
          maps.map((map) => tf.reshape<tf.Rank.R2>(map, [-1, config.classes])),
          0,
        );
      }),
    boxTower: (pyramid) => pyramid.map(boxTower),
    boxesAt: (patches, levels) => {
      const raw = convolvePatches(patches, filter(), bias());
      const [distances, logit] = tf.split(raw, [4, 1], 1) as [tf.Tensor2D, tf.Tensor2D];
      const scale = tf.reshape(tf.gather(tf.concat(scales), levels), [-1, 1]);
      return { distances: tf.relu(tf.mul(distances, scale)), quality: tf.reshape(logit, [-1]) };
    },
    boxesOf: (towerMap, level) => {
      const offset = bias();
      const raw = conv2d(towerMap, filter(), {
        ...(offset === undefined ? {} : { bias: offset }),
        padding: 1,
      });
      const [distances, logit] = tf.split(raw, [4, 1], 3) as [tf.Tensor4D, tf.Tensor4D];
      return { distances: tf.relu(tf.mul(distances, scales[level]!)), quality: logit };
    },
  };
}
