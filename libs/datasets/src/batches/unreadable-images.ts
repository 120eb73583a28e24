import { imageCountOf, type TrainingSet } from '../dataset.ts';
import { createDropLog, type DropReport } from '../drop-report.ts';

/** What turned out to be unreadable when it was used: index among the trainable images, and why. */
export type UnreadableImage = readonly [index: number, reason: string];

/** Tells of a data set, of which `trainable` images have something to learn from, which of them could not be read. */
export function unreadableReport(
  dataset: TrainingSet,
  trainable: number,
  unreadable: readonly UnreadableImage[],
): DropReport {
  const log = createDropLog();
  for (const [, reason] of unreadable) log.drop('image', 'file is not a readable image', reason);
  return log.report({
    images: { listed: imageCountOf(dataset), kept: trainable - unreadable.length },
    annotations: dataset.report.annotations,
  });
}
