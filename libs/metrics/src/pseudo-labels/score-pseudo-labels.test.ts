import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Xyxy } from '@cassl/vision';
import { scorePseudoLabels, type EvaluatedImage } from '../index.ts';

const object = (box: Xyxy, crowd = false) => ({ box, crowd, category: 0, area: 1 });
const label = (box: Xyxy, score: number) => ({ box, score, category: 5 });

const image: EvaluatedImage = {
  imageId: 'a',
  groundTruths: [object([0, 0, 10, 10]), object([20, 0, 30, 10]), object([50, 50, 90, 90], true)],
  detections: [
    label([0, 0, 10, 8], 0.9), // IoU .8
    label([0, 0, 10, 10], 0.8), // the object is taken
    label([20, 0, 30, 10], 0.5), // IoU 1
    label([55, 55, 60, 60], 0.7), // in the crowd
    label([70, 0, 80, 10], 0.2), // on nothing
  ],
};

describe('scorePseudoLabels', () => {
  it('counts labels strictly above the threshold', () => {
    const { sweep, objects } = scorePseudoLabels([image], { thresholds: [0, 0.2, 0.5, 0.9] });
    expect(objects).toBe(2);
    expect(sweep).toEqual([
      { threshold: 0, labels: 4, precision: 0.5, recall: 1, f1: 4 / 6, meanIou: 0.9 },
      { threshold: 0.2, labels: 3, precision: 2 / 3, recall: 1, f1: 0.8, meanIou: 0.9 },
      { threshold: 0.5, labels: 2, precision: 0.5, recall: 0.5, f1: 0.5, meanIou: 0.8 },
      { threshold: 0.9, labels: 0, precision: null, recall: 0, f1: 0, meanIou: null },
    ]);
  });

  it('finds the threshold of the best F1 and answers for any other', () => {
    const quality = scorePseudoLabels([image]);
    expect(quality.sweep).toHaveLength(19);
    expect(quality.best).toMatchObject({ threshold: 0.2, f1: 0.8 });
    expect(quality.at(0.55)).toMatchObject({ labels: 2, recall: 0.5 });
  });

  it('asks for a higher IoU when told to', () => {
    expect(scorePseudoLabels([image], { iouThreshold: 0.9 }).at(0)).toMatchObject({
      labels: 4,
      precision: 0.5,
    });
    expect(scorePseudoLabels([image], { iouThreshold: 0.9 }).at(0.8)).toMatchObject({
      labels: 1,
      precision: 0,
    });
  });

  it('has no numbers where there is nothing', () => {
    expect(scorePseudoLabels([]).best).toMatchObject({ precision: null, recall: null, f1: 0, meanIou: null });
  });

  it('never loses recall when the threshold falls', () => {
    const box = fc.tuple(fc.nat(20), fc.nat(20)).map(([x, y]): Xyxy => [x, y, x + 8, y + 8]);
    const scene = fc.record({
      imageId: fc.constant(1),
      groundTruths: fc.array(
        box.map((b) => object(b)),
        { maxLength: 5 },
      ),
      detections: fc.array(
        fc.tuple(box, fc.nat(20)).map(([b, s]) => label(b, s / 20)),
        { maxLength: 8 },
      ),
    });
    fc.assert(
      fc.property(scene, (random) => {
        const recalls = scorePseudoLabels([random]).sweep.map(({ recall }) => recall ?? 0);
        for (let i = 1; i < recalls.length; i++) expect(recalls[i - 1]!).toBeGreaterThanOrEqual(recalls[i]!);
      }),
    );
  });
});
