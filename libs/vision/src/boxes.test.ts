import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boxIou,
  encodeMask,
  decodeMask,
  nonMaximumSuppression,
  resolveOverlaps,
  toXywh,
  toXyxy,
  type Detection,
  type Rle,
  type Xyxy,
} from './index.ts';

describe('boxIou', () => {
  it('compares every box with every box', () => {
    const iou = boxIou([12, 10, 52, 50, 0, 0, 1, 1], [10, 10, 50, 50]);
    expect(iou[0]).toBeCloseTo(0.9047619, 7);
    expect(iou[1]).toBe(0);
  });

  it('converts between corner and size form', () => {
    expect(toXyxy([1, 2, 3, 4])).toEqual([1, 2, 4, 6]);
    expect(toXywh([1, 2, 4, 6])).toEqual([1, 2, 3, 4]);
  });
});

describe('nonMaximumSuppression', () => {
  const boxes = Float32Array.from([0, 0, 10, 10, 1, 0, 11, 10, 20, 20, 30, 30, 0, 0, 10, 10]);

  it('keeps the best of every pile, in score order', () => {
    const kept = nonMaximumSuppression({ boxes, scores: [0.5, 0.9, 0.7, 0.4], iouThreshold: 0.6 });
    expect(Array.from(kept)).toEqual([1, 2]);
  });

  it('lets boxes of different groups stand on each other', () => {
    const kept = nonMaximumSuppression({
      boxes,
      scores: [0.5, 0.9, 0.7, 0.4],
      groups: [0, 1, 0, 0],
      iouThreshold: 0.6,
    });
    expect(Array.from(kept)).toEqual([1, 2, 0]);
  });

  it('stops at the limit', () => {
    const kept = nonMaximumSuppression({ boxes, scores: [0.5, 0.9, 0.7, 0.4], iouThreshold: 0.6, limit: 1 });
    expect(Array.from(kept)).toEqual([1]);
  });

  it('never keeps two boxes of one group above the threshold and never drops one without a better rival', () => {
    const box = fc
      .tuple(fc.nat(20), fc.nat(20), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .map(([x, y, w, h]) => [x, y, x + w, y + h]);
    fc.assert(
      fc.property(fc.array(fc.tuple(box, fc.nat(4), fc.nat(1)), { maxLength: 15 }), (entries) => {
        const flat = Float32Array.from(entries.flatMap(([b]) => b));
        const scores = entries.map(([, score]) => score);
        const groups = entries.map(([, , group]) => group);
        const kept = new Set(nonMaximumSuppression({ boxes: flat, scores, groups, iouThreshold: 0.4 }));
        const iou = boxIou(flat, flat);
        const n = entries.length;
        for (let i = 0; i < n; i++) {
          const rivals = [...kept].filter((k) => k !== i && groups[k] === groups[i] && iou[i * n + k]! > 0.4);
          if (kept.has(i)) expect(rivals).toEqual([]);
          else expect(rivals.some((k) => scores[k]! >= scores[i]!)).toBe(true);
        }
      }),
    );
  });
});

function rectangle(top: number, bottom: number, left: number, right: number): Rle {
  const data = Uint8Array.from({ length: 36 }, (_, i) => {
    const [y, x] = [Math.floor(i / 6), i % 6];
    return Number(y >= top && y <= bottom && x >= left && x <= right);
  });
  return encodeMask({ height: 6, width: 6, data });
}

function detection(score: number, mask: Rle): Detection {
  return { score, mask, category: 0, box: [0, 0, 0, 0] };
}

describe('resolveOverlaps', () => {
  // Golden values: the entity evaluation of the paper's code on a 6 x 6 image.
  const scene = [
    detection(0.3, rectangle(3, 4, 2, 4)),
    detection(0.9, rectangle(0, 2, 0, 3)),
    detection(0.6, rectangle(4, 5, 0, 5)),
    detection(0.8, rectangle(2, 3, 0, 5)),
  ];

  it('gives every pixel to the best mask and drops what is left one pixel thick', () => {
    const resolved = resolveOverlaps(scene, { boxes: 'inclusive' });
    expect(resolved.map(({ score }) => score)).toEqual([0.9, 0.8, 0.6]);
    expect(resolved.map(({ box }) => box)).toEqual<Xyxy[]>([
      [0, 0, 3, 2],
      [0, 2, 5, 3],
      [0, 4, 5, 5],
    ]);
    const areas = resolved.map(({ mask }) => decodeMask(mask!).data.reduce((a, b) => a + b, 0));
    expect(areas).toEqual([12, 8, 12]);
  });

  it('returns boxes in continuous coordinates unless asked otherwise', () => {
    expect(resolveOverlaps(scene)[0]!.box).toEqual([0, 0, 4, 3]);
  });

  it('multiplies the score by the rescoring factor', () => {
    expect(resolveOverlaps(scene, { rescore: () => 0.5 }).map(({ score }) => score)).toEqual([
      0.45, 0.4, 0.3,
    ]);
  });

  it('asks for masks', () => {
    expect(() => resolveOverlaps([{ score: 1, category: 0, box: [0, 0, 1, 1] }])).toThrow(/needs a mask/);
  });
});
