import { isFailed, type LabelRow } from '../file/label-row.ts';
import type { LabelFileEntry } from './label-set-format.ts';
import { addScore, isAbove } from './score-histogram.ts';

export type RowSummary = Omit<LabelFileEntry, 'digest' | 'bytes' | 'source'>;

export interface RowCounter {
  add(row: LabelRow): void;
  summary(): RowSummary;
}

/** Counts the rows of one label file as they pass, as a set with this threshold sees them. */
export function countRows(threshold: number): RowCounter {
  const scores: number[] = [];
  const best: number[] = [];
  let images = 0;
  let labeled = 0;
  let failed = 0;
  let labels = 0;
  let least = '';
  let greatest = '';
  return {
    add(row) {
      if (images++ === 0) least = greatest = row.key;
      if (row.key < least) least = row.key;
      if (row.key > greatest) greatest = row.key;
      if (isFailed(row)) {
        failed++;
        return;
      }
      let top = 0;
      let kept = 0;
      for (const { score } of row.instances) {
        addScore(scores, score);
        if (score > top) top = score;
        if (isAbove(score, threshold)) kept++;
      }
      addScore(best, top);
      labels += kept;
      if (kept > 0) labeled++;
    },
    summary: () => ({
      keys: [least, greatest],
      images,
      labeled,
      empty: images - labeled - failed,
      failed,
      labels,
      scores,
      best,
    }),
  };
}
