import { SCORE_STEPS } from '../file/stored-label.ts';

/** Bins of a hundredth: bin b counts scores in (b / 100, (b + 1) / 100], so that "strictly above 0.37" is a sum of bins. */
export const SCORE_BINS = 100;
const STEPS_A_BIN = SCORE_STEPS / SCORE_BINS;

/** Counts by bin, without the empty bins at the end. */
export type ScoreHistogram = readonly number[];

/** A score or a threshold as the whole number of millionths that label files keep. */
export function scoreSteps(value: number): number {
  return Math.round(value * SCORE_STEPS);
}

/** The one rule of a threshold: strictly above, after both were rounded to millionths (0.4 sent as a float32 is 0.4). */
export function isAbove(score: number, threshold: number): boolean {
  return scoreSteps(score) > scoreSteps(threshold);
}

/** True where a histogram answers for this threshold exactly. */
export function isBinEdge(threshold: number): boolean {
  return scoreSteps(threshold) % STEPS_A_BIN === 0;
}

export function addScore(counts: number[], score: number): void {
  // A score of 0 is above no threshold: it stands in no bin.
  const bin = Math.ceil(scoreSteps(score) / STEPS_A_BIN) - 1;
  if (bin < 0) return;
  while (counts.length <= bin) counts.push(0);
  counts[bin] = (counts[bin] ?? 0) + 1;
}

/** How many scores are above a threshold at a bin's edge. */
export function countAbove(counts: ScoreHistogram, threshold: number): number {
  const first = Math.floor(scoreSteps(threshold) / STEPS_A_BIN);
  return counts.slice(first).reduce((sum, count) => sum + count, 0);
}
