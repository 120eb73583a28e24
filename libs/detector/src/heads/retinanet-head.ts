/**
 * RetinaNet's head (https://arxiv.org/abs/1708.02002; method 2.10), nine anchors a cell, under detectron2's names:
 *
 *   P_k ─ cls subnet  ─ 3×3 ─ 9 · K logits, anchor by anchor
 *       └ bbox subnet ─ 3×3 ─ 9 · 4 deltas
 */
import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { createConvolution } from '../layers/convolution.ts';
import { constant, normal, zeros } from '../layers/initialisers.ts';
import { inSequence } from '../layers/in-sequence.ts';
import type { ParameterStore } from '../parameters.ts';
import { ANCHORS_PER_CELL } from '../targets/anchors.ts';
import { priorBias } from './fcos-head.ts';
import type { Tower } from './tower.ts';

export interface RetinaNetHead {
  readonly kind: 'retinanet';
  /** [cells · 9, K] and [cells · 9, 4], the cells of all levels in `cellGrid` order. */
  predict(pyramid: readonly tf.Tensor4D[]): { readonly logits: tf.Tensor2D; readonly deltas: tf.Tensor2D };
}

export function createRetinaNetHead(store: ParameterStore, config: DetectorConfig): RetinaNetHead {
  const { classes, pyramidChannels, priorProbability } = config;
  const convolution = (name: string, outChannels: number, bias: number) =>
    createConvolution(store, `head.${name}`, {
      inChannels: pyramidChannels,
      outChannels,
      kernel: 3,
      init: normal(0.01),
      bias: bias === 0 ? zeros : constant(bias),
      appliedAt: config.levels.map((level) => 2 ** level),
    });
  /** n × [3×3 convolution with bias, ReLU], no norm. */
  const subnet = (name: string): Tower => {
    const layers = Array.from({ length: config.towerConvolutions }, (_, index) => {
      const { forward } = convolution(`${name}.${2 * index}`, pyramidChannels, 0);
      return (x: tf.Tensor4D): tf.Tensor4D => forward(x, 'relu');
    });
    return (x) => inSequence(x, layers);
  };
  const classSubnet = subnet('cls_subnet');
  const boxSubnet = subnet('bbox_subnet');
  const classifier = convolution('cls_score', ANCHORS_PER_CELL * classes, priorBias(priorProbability));
  const boxes = convolution('bbox_pred', ANCHORS_PER_CELL * 4, 0);
  const rows = (maps: readonly tf.Tensor4D[], columns: number): tf.Tensor2D =>
    tf.concat(
      maps.map((map) => tf.reshape<tf.Rank.R2>(map, [-1, columns])),
      0,
    );
  return {
    kind: 'retinanet',
    predict: (pyramid) => ({
      logits: tf.tidy(() =>
        rows(
          pyramid.map((map) => inSequence(map, [classSubnet, (x) => classifier.forward(x)])),
          classes,
        ),
      ),
      deltas: tf.tidy(() =>
        rows(
          pyramid.map((map) => inSequence(map, [boxSubnet, (x) => boxes.forward(x)])),
          4,
        ),
      ),
    }),
  };
}
