import type { OpenedSet } from './opened-sets.ts';

const BINS = 100;

/** How the scores of a set are spread, down to its floor: bin b counts scores in (b / 100, (b + 1) / 100]. */
export interface ScoreCounts {
  readonly threshold: number;
  readonly images: number;
  readonly failed: number;
  /** Of all labels. */
  readonly labels: readonly number[];
  /** Of the best label of each image. */
  readonly best: readonly number[];
}

/** Sums the histograms of the index: no label file is read. */
export function scoreCounts({ set, files }: OpenedSet): ScoreCounts {
  const labels = new Array<number>(BINS).fill(0);
  const best = new Array<number>(BINS).fill(0);
  for (const file of files) {
    file.scores.forEach((count, bin) => (labels[bin] = (labels[bin] ?? 0) + count));
    file.best.forEach((count, bin) => (best[bin] = (best[bin] ?? 0) + count));
  }
  const { images, failed } = set.totals;
  return { threshold: set.header.threshold, images, failed, labels, best };
}
