import { describe, expect, it } from 'vitest';
import { relativePositionIndex } from '../index.ts';

describe('relativePositionIndex', () => {
  it('is the golden table for a window of 2', () => {
    expect([...relativePositionIndex(2)]).toEqual([4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4]);
  });

  it('has the golden entries and sum for a window of 7', () => {
    const index = relativePositionIndex(7);
    const at = (query: number, key: number): number => index[query * 49 + key]!;
    expect([at(0, 0), at(0, 48), at(48, 0), at(0, 6), at(6, 0), at(0, 42), at(3, 10)]).toEqual([
      84, 0, 168, 78, 90, 6, 71,
    ]);
    expect(index.reduce((sum, value) => sum + value)).toBe(201_684);
  });
});
