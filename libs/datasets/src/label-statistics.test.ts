import type { Instance, Xyxy } from '@cassl/vision';
import { expect, it } from 'vitest';
import { labelStatistics, type LabeledImage } from './index.ts';

const object = (box: Xyxy, area: number, crowd = false): Instance => ({ box, area, crowd, category: 0 });
const image = (id: number, instances: readonly Instance[]): LabeledImage => ({
  id,
  key: `${id}.jpg`,
  location: { store: 'file:///x', key: `${id}.jpg` },
  width: 100,
  height: 100,
  instances,
});

it('tells how many, how large, how hidden and how cut off objects are, without crowds', () => {
  const images = [
    image(1, [
      object([10, 10, 30, 30], 400),
      object([20, 20, 60, 60], 800),
      object([0, 0, 100, 100], 9000, true),
    ]),
    image(2, [object([80, 40, 100, 60], 100)]),
    image(3, []),
  ];
  expect(labelStatistics({ images })).toEqual({
    images: 3,
    objects: 3,
    objectsPerImage: { mean: 1, median: 1, p90: 2 },
    size: { p10: 0.1, median: 0.2, p90: expect.closeTo(Math.sqrt(0.08), 9) },
    overlapping: 2 / 3,
    cut: 1 / 3,
    fill: expect.closeTo((1 + 0.5 + 0.25) / 3, 9),
  });
});

it('has zeros for images without objects', () => {
  const statistics = labelStatistics({ images: [image(1, [])] });
  expect(statistics).toMatchObject({ objects: 0, overlapping: 0, size: { median: 0 } });
});
