import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCocoEvaluator, type BoxNumbers, type EvaluatedImage } from '../index.ts';
import { rleFromPolygons, type Xywh, type Xyxy } from '@cassl/vision';

const xyxy = ([x, y, w, h]: Xywh): Xyxy => [x, y, x + w, y + h];
const truth = (category: number, box: Xywh, crowd = false) => ({
  box: xyxy(box),
  category,
  crowd,
  area: box[2] * box[3],
});
const found = (category: number, box: Xywh, score: number) => ({ box: xyxy(box), category, score });

// Golden numbers: pycocotools 2.0.x on these two 200 x 200 images.
const images: EvaluatedImage[] = [
  {
    imageId: 1,
    groundTruths: [truth(0, [10, 10, 40, 40]), truth(1, [100, 100, 50, 50])],
    detections: [
      found(0, [12, 10, 40, 40], 0.9),
      found(0, [100, 100, 50, 50], 0.8),
      found(1, [105, 100, 50, 50], 0.5),
      found(0, [14, 10, 40, 40], 0.3),
    ],
  },
  {
    imageId: 2,
    groundTruths: [
      truth(0, [20, 20, 100, 100]),
      truth(0, [0, 150, 100, 50], true),
      truth(1, [150, 10, 20, 20]),
    ],
    detections: [
      found(0, [30, 20, 100, 100], 0.7),
      found(0, [10, 155, 20, 20], 0.95),
      found(1, [150, 10, 20, 18], 0.6),
    ],
  },
];
const categories = [
  { id: 1, name: 'a' },
  { id: 2, name: 'b' },
];
const NUMBERS = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'AR1',
  'AR10',
  'AR100',
  'ARs',
  'ARm',
  'ARl',
] as const;

function evaluate(list: readonly EvaluatedImage[], classAgnostic = false) {
  const evaluator = createCocoEvaluator({ type: 'bbox', categories, classAgnostic });
  for (const image of list) evaluator.addImage(image);
  return evaluator.summarize();
}

function expectNumbers(numbers: BoxNumbers, expected: readonly number[]) {
  NUMBERS.forEach((key, i) => expect(numbers[key], key).toBeCloseTo(expected[i]!, 5));
}

describe('COCO evaluation', () => {
  it('gives the twelve numbers of pycocotools', () => {
    const expected = [0.74323, 0.91749, 0.91749, 0.9, 0.8, 0.7, 0.625, 0.8, 0.8, 0.9, 0.8, 0.7];
    const { numbers, perCategory, protocol, table } = evaluate(images);
    expectNumbers(numbers, expected);
    expect(perCategory.map(({ id, name }) => [id, name])).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect((perCategory[0]!.AP! + perCategory[1]!.AP!) / 2).toBeCloseTo(numbers.AP!, 12);
    const atThreshold = (t: number, k: number) => {
      let sum = 0;
      for (let r = 0; r < 101; r++) sum += table.precision[((t * 101 + r) * 2 + k) * 4]!;
      return sum / 101;
    };
    const golden: readonly (readonly [number, number])[] = [
      ...Array<[number, number]>(7).fill([0.83498, 1]),
      [0.50495, 0.50495],
      [0.50495, 0.50495],
      [0, 0],
    ];
    golden.forEach(([first, second], t) => {
      expect(atThreshold(t, 0), `IoU ${protocol.iouThresholds[t]}`).toBeCloseTo(first, 5);
      expect(atThreshold(t, 1), `IoU ${protocol.iouThresholds[t]}`).toBeCloseTo(second, 5);
    });
  });

  it('collapses categories in a class-agnostic evaluation', () => {
    const expected = [0.85099, 1, 1, 0.9, 0.92525, 0.7, 0.225, 0.875, 0.875, 0.9, 0.95, 0.7];
    expectNumbers(evaluate(images, true).numbers, expected);
  });

  it('does not depend on the order in which images arrive', () => {
    const tied = Array.from({ length: 12 }, (_, i): EvaluatedImage => ({
      imageId: i,
      groundTruths: [truth(0, [10, 10, 40, 40])],
      detections: [found(0, [10 + (i % 5) * 7, 10, 40, 40], 0.5), found(0, [11, 10, 40, 40], 0.5)],
    }));
    const { numbers } = evaluate(tied);
    fc.assert(
      fc.property(fc.shuffledSubarray(tied, { minLength: 12 }), (shuffled) => {
        expect(evaluate(shuffled).numbers).toEqual(numbers);
      }),
      { numRuns: 20 },
    );
  });

  it('prints nothing to find as null', () => {
    const { numbers } = evaluate([{ imageId: 1, groundTruths: [], detections: images[0]!.detections }]);
    expect(Object.values(numbers)).toEqual(Array(12).fill(null));
    expect(
      evaluate([{ imageId: 1, groundTruths: [truth(0, [0, 0, 9, 9])], detections: [] }]).numbers,
    ).toMatchObject({
      AP: 0,
      APs: 0,
      APm: null,
    });
  });

  it('goes on after a summary', () => {
    const evaluator = createCocoEvaluator({ type: 'bbox', categories });
    evaluator.addImage(images[0]!);
    evaluator.summarize();
    evaluator.addImage(images[1]!);
    expect(evaluator.summarize().numbers).toEqual(evaluate(images).numbers);
  });

  it('keeps the best 100 of an image and category, and 10 and 1 for recall', () => {
    const box = (i: number): Xywh => [(i % 20) * 10, Math.floor(i / 20) * 10, 9, 9];
    const many: EvaluatedImage = {
      imageId: 1,
      groundTruths: Array.from({ length: 120 }, (_, i) => truth(0, box(i))),
      detections: Array.from({ length: 120 }, (_, i) => found(0, box(i), 1 - i / 1000)),
    };
    const { numbers, detections } = evaluate([many]);
    expect(detections).toBe(100);
    expect(numbers.AR1).toBeCloseTo(1 / 120, 12);
    expect(numbers.AR10).toBeCloseTo(10 / 120, 12);
    expect(numbers.AR100).toBeCloseTo(100 / 120, 12);
  });

  it('compares masks by pixels', () => {
    const square = (x: number) => rleFromPolygons([[x, 10, x + 40, 10, x + 40, 50, x, 50]], 100, 100);
    const evaluator = createCocoEvaluator({ type: 'segm', categories });
    evaluator.addImage({
      imageId: 1,
      groundTruths: [{ box: [0, 0, 0, 0], category: 0, crowd: false, area: 1600, mask: square(10) }],
      detections: [{ box: [0, 0, 0, 0], category: 0, score: 0.5, mask: square(15) }],
    });
    // IoU 35 / 45 = .78 passes six of the ten thresholds.
    const { numbers } = evaluator.summarize();
    expect(numbers.AP50).toBeCloseTo(1, 12);
    expect(numbers.AP75).toBeCloseTo(1, 12);
    expect(numbers.APm).toBeCloseTo(0.6, 12);
  });

  it('refuses what it cannot score, naming image and field', () => {
    const evaluator = createCocoEvaluator({ type: 'segm', categories });
    const bad = (image: Partial<EvaluatedImage>) => () =>
      evaluator.addImage({ imageId: 7, groundTruths: [], detections: [], ...image });
    expect(bad({ detections: [found(0, [0, 0, 1, 1], NaN)] })).toThrow(
      /image 7: detections\[0\].score .* NaN/,
    );
    expect(bad({ detections: [found(2, [0, 0, 1, 1], 1)] })).toThrow(
      /category must be within \[0, 1\], got 2/,
    );
    expect(bad({ detections: [found(0, [0, 0, 1, 1], 1)] })).toThrow(/detections\[0\].mask is missing/);
    evaluator.addImage({ imageId: 7, groundTruths: [], detections: [] });
    expect(bad({})).toThrow(/image 7 is added twice/);
  });
});

describe('keypoint evaluation', () => {
  // Golden numbers: pycocotools.
  const keypoints = (points: Readonly<Record<number, readonly [number, number, number]>>) =>
    Array.from({ length: 17 }, (_, i) => points[i] ?? [0, 0, 0]).flat();
  const gt = keypoints({ 0: [50, 50, 2], 1: [55, 45, 1], 5: [40, 70, 2] });
  const dt = keypoints({ 0: [53, 50, 1], 1: [55, 49, 1], 5: [40, 70, 1] });

  it('gives the ten numbers of pycocotools', () => {
    const evaluator = createCocoEvaluator({ type: 'keypoints', categories: [{ id: 1, name: 'person' }] });
    evaluator.addImage({
      imageId: 1,
      groundTruths: [{ box: [30, 30, 90, 90], category: 0, crowd: false, area: 3000, keypoints: gt }],
      detections: [{ box: [0, 0, 0, 0], category: 0, score: 0.9, keypoints: dt }],
    });
    const { numbers } = evaluator.summarize();
    // OKS .63945964: above .50, .55 and .60.
    expect(numbers).toMatchObject({ AP75: 0, AR50: 1, AR75: 0, APl: null });
    expect(numbers.AP50).toBeCloseTo(1, 12);
    expect(numbers.AP).toBeCloseTo(0.3, 12);
    expect(Object.keys(numbers)).toEqual(
      ['AP', 'AP50', 'AP75', 'APm', 'APl', 'AR', 'AR50', 'AR75', 'ARm', 'ARl'], //
    );
  });

  it('asks for all keypoints', () => {
    const evaluator = createCocoEvaluator({ type: 'keypoints', categories: [{ id: 1, name: 'person' }] });
    expect(() =>
      evaluator.addImage({
        imageId: 1,
        groundTruths: [],
        detections: [{ box: [0, 0, 0, 0], category: 0, score: 0.9, keypoints: [1, 2, 3] }],
      }),
    ).toThrow(/keypoints must hold 51 numbers, got 3/);
  });
});
