import { describe, expect, it } from 'vitest';
import { parseDetectorConfig } from '../config.ts';
import { cellCenter, levelSizes, pyramidLevels } from '../pyramid.ts';
import { assignTargets, type GroundTruth } from './assign-targets.ts';
import { boxCenter } from './mask-geometry.ts';
import { centerness, regressionTarget } from './regression-targets.ts';

const config = parseDetectorConfig({ masks: false });
const levels = pyramidLevels(config);

function assign(groundTruths: readonly GroundTruth[], side = 128) {
  return assignTargets(groundTruths, levels, levelSizes(config, { height: side, width: side }), 1.5).map(
    (positive) => {
      const { stride, level } = levels[positive.level]!;
      return {
        level,
        x: cellCenter(positive.column, stride),
        y: cellCenter(positive.row, stride),
        groundTruth: positive.groundTruth,
      };
    },
  );
}

const boxed = (...box: [number, number, number, number]): GroundTruth => ({ box, center: boxCenter(box) });

describe('assignTargets', () => {
  it('gives the positives of method.md 7.4', () => {
    const positives = assign([boxed(10, 12, 50, 60), boxed(20, 20, 110, 100), boxed(90, 90, 100, 98)]);
    const of = (level: number, groundTruth: number) =>
      positives.filter((p) => p.level === level && p.groundTruth === groundTruth).map(({ x, y }) => [x, y]);
    const cross = (xs: number[], ys: number[]) => ys.flatMap((y) => xs.map((x) => [x, y]));
    expect(of(3, 0)).toEqual(cross([20, 28, 36], [28, 36, 44]));
    expect(of(3, 1)).toEqual(cross([60, 68, 76], [52, 60, 68]));
    expect(of(3, 2)).toEqual([[92, 92]]);
    expect(of(4, 1)).toEqual([
      [88, 40],
      [88, 56],
      [88, 72],
    ]);
    expect(positives).toHaveLength(9 + 9 + 1 + 3);
  });

  it('gives the smaller of two boxes the cell, and the first of two equal ones', () => {
    const small = boxed(40, 40, 60, 60);
    const big = boxed(30, 30, 70, 70);
    expect(
      new Set(
        assign([big, small])
          .filter((p) => p.x === 52 && p.y === 52)
          .map((p) => p.groundTruth),
      ),
    ).toEqual(new Set([1]));
    expect(new Set(assign([small, small]).map((p) => p.groundTruth))).toEqual(new Set([0]));
  });

  it('samples around the mask centroid instead of the middle of the box', () => {
    const positives = assign([{ box: [0, 0, 60, 60], center: [10, 10] }]);
    expect(positives.map(({ x, y }) => [x, y])).toEqual(
      [4, 12, 20].flatMap((y) => [4, 12, 20].map((x) => [x, y])),
    );
  });

  it('has no positive for a centroid outside its box', () => {
    expect(assign([{ box: [0, 0, 20, 20], center: [60, 60] }])).toEqual([]);
  });

  it('has no positive without ground truth', () => {
    expect(assign([])).toEqual([]);
  });
});

describe('regression targets', () => {
  it('are distances in strides (7.4)', () => {
    expect(regressionTarget([10, 12, 50, 60], 20, 28, 8)).toEqual([1.25, 2, 3.75, 4]);
    expect(regressionTarget([10, 12, 50, 60], 36, 28, 8)).toEqual([3.25, 2, 1.75, 4]);
  });

  it('centerness of (2, 3, 6, 5) is 0.4472136 (7.1)', () => {
    expect(centerness([2, 3, 6, 5])).toBeCloseTo(0.4472136, 7);
  });
});
