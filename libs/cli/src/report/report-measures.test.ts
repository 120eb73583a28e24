import type { LabeledImage } from '@cassl/datasets';
import type { Detection, Instance } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { countConfusion } from './confusion.ts';
import { chooseCases, judgeImages } from './judge-images.ts';
import { matchFound } from './match-found.ts';

type Box = [number, number, number, number];
const object = (box: Box, category = 0): Instance => ({ box, category, crowd: false, area: 100 });
const detection = (box: Box, score: number, category = 0): Detection => ({ box, score, category });
const image = (id: number, instances: Instance[]): LabeledImage => ({
  ...{ id, key: String(id), location: { store: '', key: '' }, width: 100, height: 100 },
  instances,
});

const HERE: Box = [0, 0, 10, 10];
const THERE: Box = [50, 50, 60, 60];

describe('the cases of the report', () => {
  it('pair each object with the surest detection on it, whatever class it says', () => {
    const pairs = matchFound(
      [object(HERE), object(THERE)],
      [detection(HERE, 0.5, 1), detection(HERE, 0.9, 2)],
    );
    expect(pairs.map((pair) => [pair.object?.box, pair.detection?.score])).toEqual([
      [HERE, 0.9],
      [undefined, 0.5],
      [THERE, undefined],
    ]);
  });

  it('count what objects were taken for, misses and false detections in the last row and column', () => {
    const found = new Map([[1, [detection(HERE, 0.9, 1), detection([80, 80, 90, 90], 0.8, 0)]]]);
    expect(countConfusion([image(1, [object(HERE, 0), object(THERE, 1)])], found, 2)).toEqual([
      [0, 1, 0],
      [0, 0, 1],
      [1, 0, 0],
    ]);
  });

  it('are the worst, the middle and the best images by F1', () => {
    const images = [1, 2, 3].map((id) => image(id, [object(HERE), object(THERE)]));
    const found = new Map([
      [2, [detection(HERE, 0.9), detection(THERE, 0.9)]],
      [3, [detection(HERE, 0.9)]],
    ]);
    const judged = judgeImages(images, found);
    expect(judged.map(({ image: { id }, f1 }) => [id, Number(f1.toFixed(3))])).toEqual([
      [1, 0],
      [3, 0.667],
      [2, 1],
    ]);
    const { best, typical, worst } = chooseCases(judged, 4);
    expect([best, typical, worst].map((cases) => cases.map(({ image: { id } }) => id))).toEqual([
      [2],
      [3],
      [1],
    ]);
  });
});
