import type { FoundObject, InferAnswer } from '@cassl/inference';
import { encodeMask, rleToString } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { writeShapes } from './write-shapes.ts';

const WIDTH = 5;
const HEIGHT = 4;

function answerOf(detections: readonly FoundObject[], names: readonly string[]): InferAnswer {
  return {
    model: { digest: 'd', categories: names.map((name, at) => ({ id: at + 1, name })) },
    width: WIDTH,
    height: HEIGHT,
    detections,
    metadata: { batchSize: 1, paddingWaste: 0, queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 },
  };
}

const found = (rows: string | undefined, category = 0): FoundObject => ({
  box: [0.5, 1, 4, 3.25],
  score: 0.75,
  category,
  ...(rows === undefined
    ? {}
    : {
        mask: {
          width: WIDTH,
          height: HEIGHT,
          counts: rleToString(
            encodeMask({ width: WIDTH, height: HEIGHT, data: Uint8Array.from(rows, Number) }),
          ),
        },
      }),
});

describe('shapes for CVAT', () => {
  it('are rectangles where the model has no masks', () => {
    expect(writeShapes(answerOf([found(undefined)], ['cat']))).toEqual([
      { confidence: '0.75', label: 'cat', type: 'rectangle', points: [0.5, 1, 4, 3.25] },
    ]);
  });

  it('are masks cut to their pixels, with the last column and row inclusive', () => {
    const [shape] = writeShapes(answerOf([found('00000' + '01000' + '01100' + '00000')], ['cat']));
    expect(shape).toMatchObject({ type: 'mask', label: 'cat' });
    expect((shape as { mask: number[] }).mask).toEqual([1, 0, 1, 1, 1, 1, 2, 2]);
  });

  it('may be a single pixel, or the whole picture', () => {
    const maskOf = (rows: string): number[] =>
      (writeShapes(answerOf([found(rows)], ['cat']))[0] as { mask: number[] }).mask;
    expect(maskOf('00000' + '00000' + '00000' + '00001')).toEqual([1, 4, 3, 4, 3]);
    expect(maskOf('1'.repeat(20))).toEqual([...'1'.repeat(20)].map(Number).concat([0, 0, 4, 3]));
  });

  it('with no pixel are rectangles after all', () => {
    const [shape] = writeShapes(answerOf([found('0'.repeat(20))], ['cat']));
    expect(shape).toMatchObject({ type: 'rectangle', points: [0.5, 1, 4, 3.25] });
  });

  it('are called as the model calls them, or something that a person can map', () => {
    const labels = (names: readonly string[], category: number): unknown[] =>
      writeShapes(answerOf([found(undefined, category)], names)).map(
        (shape) => (shape as { label: string }).label,
      );
    expect(labels(['cat', 'dog'], 1)).toEqual(['dog']);
    expect(labels([], 0)).toEqual(['object']);
    expect(labels(['cat', ''], 1)).toEqual(['object 2']);
  });
});
