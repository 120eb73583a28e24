/** What one evaluation in a process of its own took. */
export interface Measurement {
  readonly loadSeconds: number;
  readonly evaluateSeconds: number;
  readonly totalSeconds: number;
  /** Processor time of all threads over the same stretch: steadier than the clock where the machine is busy. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  /** COCO's twelve numbers, -1 for none. */
  readonly stats: readonly number[];
  /** Ours only: milliseconds per phase. */
  readonly timings?: Readonly<Record<string, number>>;
}

/** The run of median total time. */
export function median(runs: readonly Measurement[]): Measurement {
  const sorted = [...runs].sort((a, b) => a.totalSeconds - b.totalSeconds);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Theirs over ours, two digits: above 1 we are faster or smaller. */
export function ratioOf(
  theirs: Measurement,
  ours: Measurement,
  key: 'totalSeconds' | 'evaluateSeconds' | 'cpuSeconds' | 'peakMiB',
): number {
  return Math.round((100 * theirs[key]) / ours[key]) / 100;
}

/** How time and memory grew from one set to a larger one. */
export function growthOf(
  base: Measurement,
  large: Measurement,
): { time: number; cpu: number; memory: number } {
  return {
    cpu: ratioOf(large, base, 'cpuSeconds'),
    time: ratioOf(large, base, 'totalSeconds'),
    memory: ratioOf(large, base, 'peakMiB'),
  };
}
