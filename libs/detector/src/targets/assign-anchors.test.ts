import { openEngine } from '@cassl/engine';
import type { TrainingSample } from '@cassl/vision';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDetectorConfig } from '../config.ts';
import { levelSizes, pyramidLevels } from '../pyramid.ts';
import { ANCHORS_PER_CELL, cellAnchors, levelAnchors } from './anchors.ts';
import { anchorTargets, IGNORED, matchAnchors, NO_MATCH } from './assign-anchors.ts';
import { applyDeltas } from '../inference/apply-deltas.ts';
import { boxDeltas } from './box-deltas.ts';

beforeAll(() => openEngine({ engine: 'cpu' }));

const config = parseDetectorConfig({
  head: 'retinanet',
  masks: false,
  classes: 2,
  levels: [3, 4, 5],
  rangeLimits: [64, 128],
});

describe('anchors', () => {
  it('of stride 8 are 32, 40.3 and 50.8 px square, and half as high as wide before, twice after', () => {
    const anchors = cellAnchors(config, 8);
    const sizeOf = (index: number): number[] => [0, 1].map((axis) => anchors[index * 4 + axis + 2]! * 2);
    expect(anchors).toHaveLength(ANCHORS_PER_CELL * 4);
    [
      [0, 32 * Math.SQRT2, 32 / Math.SQRT2],
      [3, 32, 32],
      [4, 40.3175, 40.3175],
      [5, 50.7968, 50.7968],
      [8, 50.7968 / Math.SQRT2, 50.7968 * Math.SQRT2],
    ].forEach(([index, width, height]) => {
      expect(sizeOf(index!)[0]).toBeCloseTo(width!, 3);
      expect(sizeOf(index!)[1]).toBeCloseTo(height!, 3);
    });
  });

  it('stand at multiples of the stride, row by row', () => {
    const anchors = levelAnchors(config, { stride: 8 }, { height: 2, width: 3 });
    const at = (cell: number): number[] => [...anchors.subarray(cell * 36 + 12, cell * 36 + 16)];
    expect(at(0)).toEqual([-16, -16, 16, 16]);
    expect(at(2)).toEqual([0, -16, 32, 16]);
    expect(at(3)).toEqual([-16, -8, 16, 24]);
  });
});

describe('the matcher', () => {
  const anchors = Float32Array.of(
    ...[0, 0, 10, 10],
    ...[0, 0, 10, 20],
    ...[0, 0, 10, 22],
    ...[50, 50, 60, 60],
  );

  it('takes an IoU of 0.5, leaves 0.4 to 0.5 out, and calls the rest background', () => {
    // IoUs 1, 10 / 20, 10 / 22, 0.
    expect([...matchAnchors([[0, 0, 10, 10]], [anchors])[0]!]).toEqual([0, 0, IGNORED, NO_MATCH]);
  });

  it('gives a box that no anchor fits the one that fits it best, over all levels', () => {
    const far = Float32Array.of(53, 53, 55, 55);
    const [near, other] = matchAnchors([[56, 56, 58, 58]], [anchors, far]);
    expect([...near!]).toEqual([NO_MATCH, NO_MATCH, NO_MATCH, 0]);
    expect([...other!]).toEqual([NO_MATCH]);
  });

  it('gives no anchor to a box that none touches', () => {
    expect(
      [...matchAnchors([[200, 200, 210, 210]], [anchors])[0]!].every((match) => match === NO_MATCH),
    ).toBe(true);
  });
});

describe('box coding', () => {
  it('is the shift and the logarithm of the stretch in units of the anchor', () => {
    const deltas = boxDeltas([0, 0, 10, 20], [5, 0, 25, 10]);
    [1, -0.25, Math.log(2), Math.log(0.5)].forEach((value, index) =>
      expect(deltas[index]).toBeCloseTo(value, 12),
    );
  });

  it('goes back to the box, and to no box 63 times the anchor', () => {
    const anchors = tf.tensor2d([0, 0, 10, 20, 0, 0, 16, 16], [2, 4]);
    const deltas = tf.tensor2d([...boxDeltas([0, 0, 10, 20], [5, 0, 25, 10]), 0, 0, 9, 0], [2, 4]);
    const boxes = applyDeltas(deltas, anchors).dataSync();
    [5, 0, 25, 10, 8 - 500, 0, 8 + 500, 16].forEach((value, index) =>
      expect(boxes[index]).toBeCloseTo(value, 2),
    );
  });
});

it('targets of a batch are in the order of the predictions, with every box found again from its deltas', () => {
  const image = { width: 64, height: 32, data: new Uint8Array(64 * 32 * 3) };
  const box = [10, 4, 40, 30] as const;
  const sample = (instances: TrainingSample['instances']): TrainingSample => ({ key: 'k', image, instances });
  const samples = [sample([]), sample([{ box, category: 1 }])];
  const levels = pyramidLevels(config);
  const sizes = levelSizes(config, image);
  const { labels, positives, counts } = anchorTargets(config, samples, levels, sizes);
  expect(labels).toHaveLength(2 * (32 + 8 + 2) * ANCHORS_PER_CELL);
  expect(counts[0]).toEqual([0, 0, 0]);
  expect(counts[1]!.reduce((sum, count) => sum + count)).toBe(positives.count);
  expect(labels.filter((label) => label === 1)).toHaveLength(positives.count);
  const all = levels.flatMap((level, index) => {
    const anchors = [...levelAnchors(config, level, sizes[index]!)];
    return [...anchors, ...anchors];
  });
  const own = [...positives.cells].flatMap((cell) => all.slice(cell * 4, cell * 4 + 4));
  const shape: [number, number] = [positives.count, 4];
  const boxes = applyDeltas(tf.tensor2d(positives.distances, shape), tf.tensor2d(own, shape)).arraySync();
  expect(positives.count).toBeGreaterThan(3);
  for (const found of boxes) box.forEach((side, index) => expect(found[index]).toBeCloseTo(side, 3));
});
