import type { DetectorConfig } from '../config.ts';

/** AdelaiDet's start, before the first batch. */
const START = 100;

/** What divides the loss sums. */
export interface PositivesAverage {
  /** Positives of this batch, or their moving average with it; at least 1. */
  next(count: number): number;
  value(): number;
  set(value: number): void;
}

export function createPositivesAverage({ normaliser }: DetectorConfig): PositivesAverage {
  let average = START;
  return {
    next: (count) => {
      if (normaliser === 'batch') return Math.max(1, count);
      average = 0.9 * average + 0.1 * count;
      return Math.max(1, average);
    },
    value: () => average,
    set: (value) => {
      average = value;
    },
  };
}
