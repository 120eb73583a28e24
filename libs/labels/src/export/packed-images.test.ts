import { expect, it } from 'vitest';
import type { LabeledRow } from '../file/label-row.ts';
import { packImages, unpackImages } from './packed-images.ts';

const image = (key: string, instances: LabeledRow['instances']): LabeledRow => ({
  key,
  sha256: 'a',
  location: { store: 's3://photos', key, range: { start: 512, end: 1024 } },
  width: 40,
  height: 30,
  instances,
  checkpoint: 'c',
  threshold: 0.3,
});

it('images that were packed and unpacked are what they were, with and without masks and categories', () => {
  const images = [
    image('a', [
      { bbox: [0.01, 2.5, 1e-2, 29.99], score: 0.1234, rle: 'nope' },
      { bbox: [1, 2, 3, 4], score: 1, category: 0 },
      { bbox: [1, 2, 3, 4], score: 0, category: 79, rle: '' },
      { bbox: [1, 2, 3, 4], score: 0.5, rle: 'é€😀' },
    ]),
    image('no labels', []),
    image('é\n', [{ bbox: [5, 6, 7, 8], score: 0.7, rle: '0ab' }]),
  ];
  expect(unpackImages(structuredClone(packImages(images)))).toEqual(images);
});
