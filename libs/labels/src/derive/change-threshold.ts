import { invalidArgument } from '@cassl/errors';
import { SCORE_STEPS } from '../file/stored-label.ts';
import type { LabelFileEntry } from '../set/label-set-format.ts';
import type { LabelSet } from '../set/open-label-set.ts';
import { countAbove, isBinEdge, SCORE_BINS } from '../set/score-histogram.ts';
import { countRows } from '../set/summarize-rows.ts';
import type { LabelSetDraft } from './draft.ts';

/**
 * The same label files under another threshold, without a model. At a whole hundredth the histograms say all there is to
 * say and no label file is read; at others each is read once.
 * @throws INVALID_ARGUMENT outside [score floor, 1): what lies at or below the floor was never kept.
 */
export function changeThreshold(set: LabelSet, threshold: number): LabelSetDraft {
  const rounded = Math.round(threshold * SCORE_STEPS) / SCORE_STEPS;
  const floor = Math.max(0, ...set.header.sources.map(({ scoreFloor }) => scoreFloor));
  if (!(rounded >= floor && rounded < 1)) {
    throw invalidArgument(
      `threshold must be in [${floor}, 1), got ${threshold}; labels with a score of ${floor} or less were never kept`,
    );
  }
  const recount = isBinEdge(rounded) ? countFromHistogram : countFromRows;
  return {
    header: { ...set.header, threshold: rounded },
    async *files() {
      for await (const file of set.files()) yield await recount(set, file, rounded);
    },
  };
}

function countFromHistogram(_set: LabelSet, file: LabelFileEntry, threshold: number): LabelFileEntry {
  const labeled = countAbove(file.best, threshold);
  const empty = file.images - file.failed - labeled;
  return { ...file, labeled, empty, labels: countAbove(file.scores, threshold) };
}

async function countFromRows(
  set: LabelSet,
  file: LabelFileEntry,
  threshold: number,
): Promise<LabelFileEntry> {
  const counter = countRows(threshold);
  for await (const row of set.allRowsOf(file)) counter.add(row);
  return { ...file, ...counter.summary() };
}

/** Labels of the whole set above each hundredth: entry b is the count above b / 100. */
export async function labelsAboveEach(set: LabelSet): Promise<number[]> {
  const above = new Array<number>(SCORE_BINS).fill(0);
  for await (const { scores } of set.files()) {
    let sum = 0;
    for (let bin = SCORE_BINS - 1; bin >= 0; bin--) above[bin]! += sum += scores[bin] ?? 0;
  }
  return above;
}
