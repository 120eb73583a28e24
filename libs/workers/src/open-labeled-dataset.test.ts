import { describe, expect, it } from 'vitest';
import { slice } from './open-labeled-dataset.ts';

const images = Array.from({ length: 10 }, (_, index) => index);
const all = { offset: 0, limit: 0, fromFraction: 0, toFraction: 0 };

describe('slice', () => {
  it('takes everything by default, a range by offset and limit', () => {
    expect(slice(images, all)).toEqual(images);
    expect(slice(images, { ...all, offset: 8 })).toEqual([8, 9]);
    expect(slice(images, { ...all, offset: 2, limit: 3 })).toEqual([2, 3, 4]);
  });

  it('cuts into neighbours that neither overlap nor leave a gap', () => {
    for (const part of [0.5, 0.75, 0.8, 1 / 3, 0.99]) {
      const left = slice(images, { ...all, toFraction: part });
      const right = slice(images, { ...all, fromFraction: part, toFraction: 1 });
      expect([...left, ...right]).toEqual(images);
    }
  });
});
