import { describe, expect, it } from 'vitest';
import { createRandom, permutation } from './random.ts';

describe('createRandom', () => {
  it('gives the same stream for the same seed parts and another for any other', () => {
    const take = (...seed: (number | string)[]): number[] => {
      const random = createRandom(...seed);
      return Array.from({ length: 4 }, () => random.next());
    };
    expect(take(1, 'a', 2)).toEqual(take(1, 'a', 2));
    const streams = [take(1, 'a', 2), take(1, 'a', 3), take(2, 'a', 2), take(1, 'a2'), take('1', 'a', 2)];
    expect(new Set(streams.map((stream) => stream.join())).size).toBe(5);
  });

  it('is uniform and standard normal to within sampling error', () => {
    const random = createRandom(3);
    const uniforms = Array.from({ length: 40_000 }, () => random.next());
    const normals = Array.from({ length: 40_000 }, () => random.normal());
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(uniforms)).toBeCloseTo(0.5, 2);
    expect(mean(normals)).toBeCloseTo(0, 1);
    expect(mean(normals.map((value) => value ** 2))).toBeCloseTo(1, 1);
  });

  it('reaches both ends of an integer range', () => {
    const random = createRandom(4);
    const values = new Set(Array.from({ length: 200 }, () => random.integer(2, 4)));
    expect([...values].sort()).toEqual([2, 3, 4]);
  });

  it('permutes every index once', () => {
    const order = permutation(50, createRandom(5));
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect([...order]).not.toEqual([...Array(50).keys()]);
  });
});
