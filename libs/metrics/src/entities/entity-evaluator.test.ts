import { describe, expect, it } from 'vitest';
import { encodeMask, type Detection, type Instance, type Rle } from '@cassl/vision';
import { evaluateEntities } from '../index.ts';

function rectangle(top: number, bottom: number, left: number, right: number): Rle {
  const data = Uint8Array.from({ length: 40 * 40 }, (_, i) => {
    const [y, x] = [Math.floor(i / 40), i % 40];
    return Number(y >= top && y < bottom && x >= left && x < right);
  });
  return encodeMask({ height: 40, width: 40, data });
}
const entity = (mask: Rle, crowd = false): Instance => ({
  mask,
  crowd,
  box: [0, 0, 0, 0],
  category: 0,
  area: 0,
});
const guess = (mask: Rle, score: number, category = 0): Detection => ({
  mask,
  score,
  category,
  box: [0, 0, 0, 0],
});

describe('entity AP', () => {
  const groundTruths = [entity(rectangle(0, 20, 0, 40)), entity(rectangle(20, 40, 0, 40))];

  it('lets the better detection own the pixels before anything is matched', () => {
    // The second guess covers the whole image; what the first leaves of it is exactly the second entity.
    const detections = [guess(rectangle(0, 40, 0, 40), 0.5, 3), guess(rectangle(0, 20, 0, 40), 0.9)];
    const { segm, bbox } = evaluateEntities([{ imageId: 1, groundTruths, detections }]);
    expect(segm.numbers.AP).toBe(1);
    expect(bbox.numbers.AP).toBe(1);
  });

  it('counts detections in crowds as false', () => {
    const scene = {
      imageId: 1,
      groundTruths: [groundTruths[0]!, entity(rectangle(20, 40, 0, 40), true)],
      detections: [guess(rectangle(20, 40, 0, 40), 0.9), guess(rectangle(0, 20, 0, 40), 0.5)],
    };
    expect(evaluateEntities([scene]).segm.numbers.AP).toBeCloseTo(0.5, 9);
  });

  it('sizes entities by pixels, or by box as the paper code does', () => {
    // 33 x 33 less a corner of 9 x 9: 1,008 pixels are small, the 33 x 33 box is medium, and 32 x 32 inclusive small again.
    const corner = [guess(rectangle(0, 33, 0, 33), 0.9)];
    const mask = encodeMask({
      height: 40,
      width: 40,
      data: Uint8Array.from({ length: 1600 }, (_, i) => {
        const [y, x] = [Math.floor(i / 40), i % 40];
        return Number(y < 34 && x < 34 && !(y < 13 && x < 13));
      }),
    });
    const scene = { imageId: 1, groundTruths: [entity(mask)], detections: corner };
    const byMask = evaluateEntities([scene]);
    const byBox = evaluateEntities([scene], { area: 'box' });
    expect(byMask.segm.numbers).toMatchObject({ APs: expect.any(Number), APm: null });
    expect(byBox.segm.numbers).toMatchObject({ APs: null, APm: expect.any(Number) });
    expect(byBox.bbox.numbers.APm).toEqual(expect.any(Number));
  });

  it('asks for masks', () => {
    const bare = { box: [0, 0, 1, 1] as const, score: 1, category: 0 };
    expect(() => evaluateEntities([{ imageId: 3, groundTruths, detections: [bare] }])).toThrow(
      /image 3: detections\[0\].mask is missing/,
    );
  });
});
