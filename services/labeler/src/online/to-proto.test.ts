import type { InferAnswer } from '@cassl/inference';
import { describe, expect, it } from 'vitest';
import { toFailedImage, toImageDetections } from './to-proto.ts';

const metadata = { batchSize: 2, paddingWaste: 0.25, queueMs: 1, inputMs: 2, computeMs: 3, outputMs: 4 };

function answerOf(categories: InferAnswer['model']['categories']): InferAnswer {
  return {
    model: { digest: 'd', categories },
    width: 5,
    height: 4,
    detections: [
      { box: [1, 2, 3, 4], score: 0.75, category: 1, mask: { width: 5, height: 4, counts: 'abc' } },
      { box: [0, 0, 1, 1], score: 0.5, category: 0 },
    ],
    metadata,
  };
}

describe('an answer in the contract', () => {
  it('has ids and names of the categories, and masks where there are some', () => {
    const categories = [
      { id: 7, name: 'cat' },
      { id: 9, name: 'dog' },
    ];
    expect(toImageDetections('a.jpg', answerOf(categories))).toEqual({
      key: 'a.jpg',
      width: 5,
      height: 4,
      checkpointDigest: 'd',
      error: undefined,
      metadata,
      detections: [
        {
          box: { x1: 1, y1: 2, x2: 3, y2: 4 },
          score: 0.75,
          categoryId: 9,
          categoryName: 'dog',
          mask: { width: 5, height: 4, counts: 'abc' },
        },
        {
          box: { x1: 0, y1: 0, x2: 1, y2: 1 },
          score: 0.5,
          categoryId: 7,
          categoryName: 'cat',
          mask: undefined,
        },
      ],
    });
  });

  it('of a model without categories counts from one', () => {
    const { detections } = toImageDetections('a', answerOf([]));
    expect(detections.map(({ categoryId, categoryName }) => [categoryId, categoryName])).toEqual([
      [2, ''],
      [1, ''],
    ]);
  });

  it('about an image that could not be used has its error and nothing else', () => {
    const error = { code: 'NOT_FOUND', message: 'gone' };
    expect(toFailedImage('a.jpg', 'd', error)).toEqual({
      key: 'a.jpg',
      width: 0,
      height: 0,
      detections: [],
      error,
      checkpointDigest: 'd',
      metadata: undefined,
    });
  });
});
