import type { FoundObject, InferAnswer } from '@cassl/inference';
import { describe, expect, it } from 'vitest';
import { DETECTIONS } from './detections-view.ts';
import type { Outcome } from './model-view.ts';
import { readWantedOutput } from './read-wanted-output.ts';

const metadata = { batchSize: 1, paddingWaste: 0, queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 };

function answer(detections: readonly FoundObject[], ids: readonly number[] = [7, 9]): Outcome {
  const categories = ids.map((id) => ({ id, name: `c${id}` }));
  return {
    answer: {
      model: { digest: 'd', categories },
      width: 6,
      height: 4,
      detections,
      metadata,
    } satisfies InferAnswer,
  };
}

const first: FoundObject = {
  box: [1, 2, 3, 4],
  score: 0.75,
  category: 1,
  mask: { width: 6, height: 4, counts: 'abc' },
};
const second: FoundObject = { box: [0, 0, 1, 1], score: 0.5, category: 0 };
const OUTCOMES: readonly Outcome[] = [answer([first, second]), { error: 'not an image' }, answer([])];

const all = (outcomes: readonly Outcome[] = OUTCOMES) =>
  new Map(
    DETECTIONS.open([])
      .write(outcomes)
      .map((tensor) => [tensor.name, { shape: tensor.shape, values: [...tensor.values] }]),
  );

describe('detections as tensors', () => {
  it('are padded to the image that has most', () => {
    const tensors = all();
    expect(tensors.get('boxes')).toEqual({
      shape: [3, 2, 4],
      values: [1, 2, 3, 4, 0, 0, 1, 1, ...Array.from({ length: 16 }, () => 0)],
    });
    expect(tensors.get('scores')).toEqual({ shape: [3, 2], values: [0.75, 0.5, 0, 0, 0, 0] });
    expect(tensors.get('labels')).toEqual({ shape: [3, 2], values: [9, 7, 0, 0, 0, 0] });
    expect(tensors.get('masks')).toEqual({ shape: [3, 2], values: ['abc', '', '', '', '', ''] });
  });

  it('tell an image without findings from one that could not be used', () => {
    const tensors = all();
    expect(tensors.get('num_detections')).toEqual({ shape: [3], values: [2, -1, 0] });
    expect(tensors.get('errors')).toEqual({ shape: [3], values: ['', 'not an image', ''] });
    expect(tensors.get('image_sizes')).toEqual({ shape: [3, 2], values: [4, 6, 0, 0, 4, 6] });
  });

  it('of nothing found have no width', () => {
    expect(all([answer([])]).get('boxes')).toEqual({ shape: [1, 0, 4], values: [] });
  });

  it('of a model without categories are labeled from one', () => {
    expect(all([answer([first, second], [])]).get('labels')?.values).toEqual([2, 1]);
  });

  it('are those that are asked for, in that order, and masks are computed only then', () => {
    const wanted = (...names: string[]) =>
      DETECTIONS.open(names.map((name) => ({ name, classes: undefined })));
    const some = wanted('scores', 'boxes');
    expect(some.wantsMasks).toBe(false);
    expect(some.write(OUTCOMES).map(({ name }) => name)).toEqual(['scores', 'boxes']);
    expect(wanted('masks').wantsMasks).toBe(true);
    expect(DETECTIONS.open([]).wantsMasks).toBe(true);
  });

  it.each([
    [['constructor'], 'outputs: "constructor" is not an output; those are boxes, scores, labels'],
    [['boxes', 'boxes'], 'outputs: "boxes" is named twice'],
  ])('of %j are refused', (names, message) => {
    expect(() => DETECTIONS.open(names.map((name) => ({ name, classes: undefined })))).toThrow(message);
  });

  it('are no classes, and say where those are', () => {
    expect(() => DETECTIONS.open([{ name: 'scores', classes: 3 }])).toThrow(/:classes behind it/);
  });
});

describe('an output that a request names', () => {
  it('may ask for the best classes', () => {
    expect(readWantedOutput('classes', new Map([['classification', 3]]))).toEqual({
      name: 'classes',
      classes: 3,
    });
    expect(readWantedOutput('boxes', new Map())).toEqual({ name: 'boxes', classes: undefined });
  });

  it.each([0, -1, 1.5, '3', true])('never for %j of them', (classes) => {
    expect(() => readWantedOutput('classes', new Map([['classification', classes]]))).toThrow(
      `classes: parameters.classification must be a whole number of at least 1, got ${classes}`,
    );
  });
});
