import { describe, expect, it } from 'vitest';
import { type LearningRateSchedule, learningRateAt } from './learning-rate.ts';

const paper: LearningRateSchedule = {
  kind: 'multi-step',
  base: 1e-4,
  warmupIterations: 1500,
  milestones: [60_000, 80_000],
};

describe('learningRateAt', () => {
  it.each([
    [0, 1e-7],
    [1, 1.666e-7],
    [750, 5.005e-5],
    [1499, 9.99334e-5],
    [1500, 1e-4],
    [59_999, 1e-4],
    [60_000, 1e-5],
    [80_000, 1e-6],
  ])('iteration %i of the paper has rate %f (method.md 7.11)', (iteration, rate) => {
    expect(learningRateAt(paper, iteration) / rate).toBeCloseTo(1, 4);
  });

  it('falls along half a cosine from the end of warm-up to the last iteration', () => {
    const cosine: LearningRateSchedule = {
      kind: 'cosine',
      base: 1,
      warmupIterations: 10,
      iterations: 110,
      final: 0.1,
    };
    expect(learningRateAt(cosine, 5)).toBeCloseTo(0.5005, 6);
    expect(learningRateAt(cosine, 10)).toBeCloseTo(1, 9);
    expect(learningRateAt(cosine, 60)).toBeCloseTo(0.55, 9);
    expect(learningRateAt(cosine, 110)).toBeCloseTo(0.1, 9);
    expect(learningRateAt(cosine, 500)).toBeCloseTo(0.1, 9);
  });

  it('works without warm-up', () => {
    expect(learningRateAt({ kind: 'constant', base: 0.3, warmupIterations: 0 }, 0)).toBe(0.3);
  });

  it('refuses a negative iteration', () => {
    expect(() => learningRateAt(paper, -1)).toThrow(/iteration must be 0 or more, got -1/);
  });
});
