import { describe, expect, it } from 'vitest';
import { createScoreHistogram } from '../index.ts';

function thresholdOf(scores: readonly number[]): number {
  const histogram = createScoreHistogram();
  for (const score of scores) histogram.add(score);
  return histogram.threshold();
}

describe('a threshold from scores alone', () => {
  it('lies between doubtful and certain detections, whichever are more', () => {
    const doubtful = [0.06, 0.08, 0.1, 0.12, 0.2];
    const certain = [0.62, 0.7, 0.81];
    for (const scores of [
      [...doubtful, ...certain],
      [...doubtful, ...doubtful, ...doubtful, ...certain],
      [...doubtful, ...certain, ...certain, ...certain],
    ]) {
      const threshold = thresholdOf(scores);
      expect(threshold).toBeGreaterThan(0.2);
      expect(threshold).toBeLessThanOrEqual(0.62);
    }
  });

  it('takes scores at both ends of their range', () => {
    expect(thresholdOf([0, 0, 1])).toBeGreaterThan(0);
  });

  it('is refused where nothing tells labels apart', () => {
    expect(() => thresholdOf([])).toThrow('no threshold follows from 0 scores');
    expect(() => thresholdOf([0.5, 0.5])).toThrow('train the labeler longer or give a threshold');
  });
});
