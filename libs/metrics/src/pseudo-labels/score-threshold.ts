import { failedPrecondition } from '@cassl/errors';

/** Bins of [0, 1]. */
const BINS = 100;

/** A threshold for pseudo labels from their scores alone, where no labeled image can be spared. */
export interface ScoreHistogram {
  /** @param score in [0, 1] */
  add(score: number): void;
  /**
   * Otsu's threshold (1979), a multiple of 0.01: the one that splits the scores into the two groups with the largest variance between
   * them, doubtful and certain detections.
   * @throws FAILED_PRECONDITION unless the scores differ
   */
  threshold(): number;
}

export function createScoreHistogram(): ScoreHistogram {
  const counts = new Float64Array(BINS);
  return {
    add(score) {
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)));
      counts[bin] = counts[bin]! + 1;
    },
    threshold: () => otsu(counts),
  };
}

function otsu(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const mass = counts.reduce((sum, count, bin) => sum + count * bin, 0);
  let best = { split: 0, variance: 0 };
  let below = 0;
  let massBelow = 0;
  for (let split = 1; split < BINS; split++) {
    below += counts[split - 1]!;
    massBelow += counts[split - 1]! * (split - 1);
    const above = total - below;
    if (below === 0 || above === 0) continue;
    const variance = below * above * ((mass - massBelow) / above - massBelow / below) ** 2;
    if (variance > best.variance) best = { split, variance };
  }
  if (best.split > 0) return best.split / BINS;
  throw failedPrecondition(
    `no threshold follows from ${total} scores that are all alike; train the labeler longer or give a threshold`,
  );
}
