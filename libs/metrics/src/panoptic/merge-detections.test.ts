import { encodeMask, type Detection } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { evaluatePanoptic, mergeDetections, panopticTruth } from '../index.ts';

const WIDTH = 8;
const HEIGHT = 4;
const CAT = 0;
const SKY = 1;
const isThing = (category: number): boolean => category === CAT;

/** Columns from `from` to before `to`, all rows. */
function columns(from: number, to: number) {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, pixel) => {
    const column = pixel % WIDTH;
    return column >= from && column < to ? 1 : 0;
  });
  return encodeMask({ width: WIDTH, height: HEIGHT, data });
}

function found(category: number, score: number, from: number, to: number): Detection {
  return { category, score, box: [from, 0, to, HEIGHT], mask: columns(from, to) };
}

const firstRow = (ids: Int32Array): number[] => [...ids.slice(0, WIDTH)];
const options = { width: WIDTH, height: HEIGHT, threshold: 0.3, isThing };

describe('mergeDetections', () => {
  it('gives a pixel to the best thing that covers it, and to stuff where there is none', () => {
    const merged = mergeDetections(
      [found(SKY, 0.9, 0, 8), found(CAT, 0.5, 2, 5), found(CAT, 0.8, 4, 6)],
      options,
    );
    expect(firstRow(merged.map.ids)).toEqual([3, 3, 2, 2, 1, 1, 3, 3]);
    expect(merged.segments.map(({ categoryId }) => categoryId)).toEqual([CAT, CAT, SKY]);
  });

  it('leaves out what is mostly taken already, and what does not pass the threshold', () => {
    const merged = mergeDetections(
      [found(CAT, 0.8, 0, 4), found(CAT, 0.7, 1, 5), found(CAT, 0.3, 6, 8)],
      options,
    );
    expect(firstRow(merged.map.ids)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });

  it('makes one segment of all detections of a stuff category', () => {
    const merged = mergeDetections([found(SKY, 0.8, 0, 2), found(SKY, 0.7, 6, 8)], options);
    expect(firstRow(merged.map.ids)).toEqual([1, 1, 0, 0, 0, 0, 1, 1]);
    expect(merged.segments).toEqual([{ id: 1, categoryId: SKY, crowd: false }]);
  });

  it('refuses a detection without a mask of the image’s size', () => {
    const { mask: _, ...boxOnly } = found(CAT, 0.9, 0, 4);
    expect(() => mergeDetections([boxOnly], options)).toThrow('need a mask of 4 x 8 pixels, got none');
    expect(() => mergeDetections([found(CAT, 0.9, 0, 4)], { ...options, width: 9 })).toThrow('got 4 x 8');
  });

  it('has the quality of the truth where it is the truth', () => {
    const truth = [found(CAT, 1, 0, 3), found(CAT, 1, 3, 5), found(SKY, 1, 5, 8)];
    const instances = truth.map((one) => ({ ...one, crowd: false, area: 4 }));
    const image = {
      imageId: 1,
      groundTruth: panopticTruth(instances, options),
      prediction: mergeDetections(truth, options),
    };
    const categories = [
      { id: CAT, name: 'cat', isThing: true },
      { id: SKY, name: 'sky', isThing: false },
    ];
    expect(evaluatePanoptic([image], categories)).toMatchObject({ things: { PQ: 1 }, stuff: { PQ: 1 } });
  });
});
