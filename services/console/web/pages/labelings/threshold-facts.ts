import type { ThresholdQuality } from '@cassl/proto';

/** Scores strictly above a threshold of whole hundredths, of bins (b / 100, (b + 1) / 100]. */
export function countAbove(bins: readonly number[], threshold: number): number {
  return bins.slice(Math.round(100 * threshold)).reduce((sum, count) => sum + count, 0);
}

/** What the sweep measured at the threshold that is nearest; undefined without a sweep. */
export function qualityAt<Quality extends Pick<ThresholdQuality, 'threshold'>>(
  sweep: readonly Quality[],
  threshold: number,
): Quality | undefined {
  const distance = ({ threshold: at }: Quality): number => Math.abs(at - threshold);
  return [...sweep].sort((a, b) => distance(a) - distance(b))[0];
}
