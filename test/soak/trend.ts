import type { ProcessSample } from './sample-process.ts';

export type Measure = Exclude<keyof ProcessSample, 'cpuSeconds'>;

/** How one measure of one process went over its life. */
export interface Trend {
  /** Median of the second quarter of its life: what it needs once it is warm. */
  readonly early: number;
  /** Median of the last quarter. */
  readonly late: number;
  readonly most: number;
  readonly isFlat: boolean;
}

/** What may come on top of `early` without being called growth: connections that come and go, a garbage collector's slack. */
const SLACK: Readonly<Record<Measure, (early: number) => number>> = {
  descriptors: () => 8,
  threads: () => 2,
  megabytes: (early) => Math.max(16, 0.1 * early),
};

/** Undefined for a life too short to tell. */
export function trendOf(samples: readonly ProcessSample[], measure: Measure): Trend | undefined {
  if (samples.length < 8) return undefined;
  const values = samples.map((sample) => sample[measure]);
  const quarter = Math.floor(values.length / 4);
  const early = median(values.slice(quarter, 2 * quarter));
  const late = median(values.slice(-quarter));
  return { early, late, most: Math.max(...values), isFlat: late <= early + SLACK[measure](early) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
