import { describe, expect, it } from 'vitest';
import type { Detection } from '@cassl/vision';
import { suppressAcrossCategories } from './suppress-across-categories.ts';

const found = (category: number, score: number, x: number): Detection => ({
  box: [x, 0, x + 10, 10],
  category,
  score,
});

describe('suppressAcrossCategories', () => {
  it('keeps the best of any category and whatever lies elsewhere', () => {
    const [cat, dog, far] = [found(0, 0.9, 0), found(1, 0.8, 1), found(1, 0.3, 40)];
    expect(suppressAcrossCategories([cat, dog, far])).toEqual([cat, far]);
  });

  it('keeps neighbours that overlap less than the threshold', () => {
    const neighbours = [found(0, 0.9, 0), found(1, 0.8, 5)];
    expect(suppressAcrossCategories(neighbours)).toEqual(neighbours);
  });
});
