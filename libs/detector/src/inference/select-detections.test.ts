import { describe, expect, it } from 'vitest';
import { type DetectorConfigInput, parseDetectorConfig } from '../config.ts';
import { levelSizes, pyramidLevels } from '../pyramid.ts';
import { cellGrid, cellIndex } from '../targets/patch-indices.ts';
import { selectDetections, type SelectionLimits } from './select-detections.ts';

interface Claim {
  readonly level: number;
  readonly row: number;
  readonly column: number;
  readonly category?: number;
  readonly probability: number;
  readonly quality: number;
  readonly distances: readonly [number, number, number, number];
}

function select(claims: readonly Claim[], changes: DetectorConfigInput = {}, limits: SelectionLimits = {}) {
  const config = parseDetectorConfig({ classes: 2, ...changes });
  const grid = cellGrid(1, levelSizes(config, { height: 128, width: 128 }));
  const classes = new Float32Array(grid.count * 2);
  const boxes = new Float32Array(grid.count * 5);
  for (const { level, row, column, category = 0, probability, quality, distances } of claims) {
    const cell = cellIndex(grid, 0, level, row, column);
    classes[cell * 2 + category] = probability;
    boxes.set([...distances, quality], cell * 5);
  }
  return selectDetections(config, pyramidLevels(config), grid, { classes, boxes }, 0, limits);
}

const at = (row: number, column: number, probability: number, quality: number, category = 0): Claim => ({
  level: 0,
  row,
  column,
  category,
  probability,
  quality,
  distances: [2, 2, 2, 2],
});

describe('selectDetections (method.md 2.7)', () => {
  it('decodes a cell to a box and scores it sqrt(p · quality)', () => {
    const [found] = select([
      { level: 1, row: 2, column: 3, probability: 0.5, quality: 0.5, distances: [1, 0.5, 2, 1.5] },
    ]);
    // P4: the cell's centre is (3 · 16 + 8, 2 · 16 + 8).
    expect(found!.box).toEqual([56 - 16, 40 - 8, 56 + 32, 40 + 24]);
    expect(found!.score).toBeCloseTo(0.5, 6);
  });

  it('suppresses an overlapping box of its own class only', () => {
    const found = select([at(8, 8, 0.9, 0.9), at(8, 9, 0.8, 0.9), at(8, 8, 0.7, 0.9, 1)], {
      nmsThreshold: 0.5,
    });
    expect(found.map(({ column, category }) => [column, category])).toEqual([
      [8, 0],
      [8, 1],
    ]);
  });

  it('thresholds p, or p · quality where asked', () => {
    const claims = [at(2, 2, 0.06, 0.5)];
    expect(select(claims)).toHaveLength(1);
    expect(select(claims, { thresholdOn: 'product' })).toHaveLength(0);
    expect(select(claims, {}, { scoreThreshold: 0.07 })).toHaveLength(0);
  });

  it('keeps the best of each level and of the image, and ties with the last', () => {
    const claims = [at(0, 0, 0.9, 1), at(0, 8, 0.8, 1), at(8, 0, 0.7, 1), at(8, 8, 0.7, 1)];
    expect(select(claims, { candidatesPerLevel: 2 }).map(({ score }) => score.toFixed(3))).toEqual([
      '0.949',
      '0.894',
    ]);
    expect(select(claims, { maxDetections: 2 })).toHaveLength(2);
    expect(select(claims, { maxDetections: 3 })).toHaveLength(4);
  });

  it('finds nothing where nothing is claimed', () => {
    expect(select([])).toEqual([]);
  });
});
