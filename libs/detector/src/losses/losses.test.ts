import { openEngine, sigmoidFocalLoss } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { priorBias } from '../heads/fcos-head.ts';
import { binaryCrossEntropy } from './binary-cross-entropy.ts';
import { distanceOverlap, giouLoss } from './box-loss.ts';
import { checkGradient } from '../testing/check-gradient.ts';
import { diceLoss, diceOfProbabilities } from './dice-loss.ts';

beforeAll(() => openEngine({ engine: 'cpu' }));

const rows = (...values: number[][]): tf.Tensor2D => tf.tensor2d(values);
const first = (x: tf.Tensor): number => x.dataSync()[0]!;

describe('losses (method.md 7.1)', () => {
  it('the prior of 0.01 is a bias of -4.59511985', () => {
    expect(priorBias(0.01)).toBeCloseTo(-4.59511985, 8);
  });

  it('focal loss and its gradient', () => {
    const logits = tf.tensor1d([2, -1, 0, -4.59511985]);
    const targets = tf.tensor1d([1, 0, 1, 0]);
    const loss = sigmoidFocalLoss(logits, targets);
    [0.0004509, 0.0169935, 0.0433217, 8e-7].forEach((value, index) => {
      expect(loss.dataSync()[index]).toBeCloseTo(value, 6);
    });
    const gradient = tf
      .grad((x: tf.Tensor) => tf.sum(sigmoidFocalLoss(x, targets)))(logits)
      .dataSync();
    [-0.0012177, 0.0394358, -0.0745717, 0.0000022].forEach((value, index) => {
      expect(gradient[index]).toBeCloseTo(value, 6);
    });
  });

  it('smoothed GIoU of (1,2,3,4) and (2,2,2,2)', () => {
    const { iou, giou } = distanceOverlap(rows([1, 2, 3, 4]), rows([2, 2, 2, 2]));
    expect(first(iou)).toBeCloseTo(0.4482759, 6);
    expect(first(giou)).toBeCloseTo(0.3816092, 6);
    expect(first(giouLoss({ iou, giou }, tf.tensor1d([1])))).toBeCloseTo(0.6183908, 6);
  });

  it('zeros against ones overlap by 0.2', () => {
    const { iou, giou } = distanceOverlap(rows([0, 0, 0, 0]), rows([1, 1, 1, 1]));
    expect(first(iou)).toBeCloseTo(0.2, 6);
    expect(first(giou)).toBeCloseTo(0.2, 6);
  });

  it('Dice of [.9,.2,.6,.1] against [1,0,1,0]', () => {
    const dice = diceOfProbabilities(rows([0.9, 0.2, 0.6, 0.1]), rows([1, 0, 1, 0]), tf.tensor1d([2]));
    expect(first(dice)).toBeCloseTo(0.0683259, 6);
  });

  it('cross entropy is finite for every logit', () => {
    expect(first(binaryCrossEntropy(tf.tensor1d([0]), tf.tensor1d([0.3])))).toBeCloseTo(Math.LN2, 6);
    expect(first(binaryCrossEntropy(tf.tensor1d([200, -200]), tf.tensor1d([0, 1])))).toBeCloseTo(400, 3);
  });
});

describe('gradients against finite differences', () => {
  const spread = (count: number, low: number, high: number) =>
    Float32Array.from({ length: count }, (_, index) => low + ((high - low) * ((index * 7) % count)) / count);

  it('of the box loss', () => {
    const target = tf.tensor2d([2, 1, 3, 2, 1, 1, 2, 4], [2, 4]);
    checkGradient(spread(8, 0.5, 5), [2, 4], (x) =>
      giouLoss(distanceOverlap(x as tf.Tensor2D, target), tf.tensor1d([0.3, 0.9])),
    );
  });

  it('of the centerness loss', () => {
    checkGradient(spread(6, -3, 3), [6], (x) => binaryCrossEntropy(x, tf.tensor1d(spread(6, 0.1, 0.9))));
  });

  it('of the mask loss', () => {
    const target = tf.tensor2d([1, 0, 1, 1, 0, 0, 1, 0], [2, 4]);
    checkGradient(spread(8, -2, 2), [2, 4], (x) =>
      tf.sum(diceLoss(x as tf.Tensor2D, target, tf.tensor1d([3, 1]))),
    );
  });

  it('of the classification loss', () => {
    const target = tf.tensor1d([1, 0, 0, 1, 0, 0]);
    checkGradient(spread(6, -2, 2), [6], (x) => tf.sum(sigmoidFocalLoss(x, target)));
  });
});
