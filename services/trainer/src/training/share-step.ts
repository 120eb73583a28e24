import type { UnreadableImage } from '@cassl/datasets';
import { countBatch, type BatchCounts, type TrainingBatch } from '@cassl/detector';
import type { ProcessGroup } from '@cassl/engine';

/** The ranks that share every batch. */
export interface BatchRanks {
  readonly group: Pick<ProcessGroup, 'rank' | 'size' | 'gather'>;
  /** True where this rank was asked to stop. */
  readonly isStopping: () => boolean;
  /** All ranks are told at the same step that one of them was. */
  readonly onStop: () => void;
}

/** What each rank tells the others before a step. */
interface StepNews {
  readonly counts: BatchCounts;
  readonly unreadable: readonly UnreadableImage[];
  readonly isStopping: boolean;
}

/** One exchange before each step: the parts learn what they are parts of, what any rank could not read, and whether to stop. */
export function shareStep(
  { group, isStopping, onStop }: BatchRanks,
  batch: TrainingBatch,
  unreadable: readonly UnreadableImage[],
): { readonly batch: TrainingBatch; readonly unreadable: readonly UnreadableImage[] } {
  const news = group.gather<StepNews>({ counts: countBatch(batch), unreadable, isStopping: isStopping() });
  if (news.some((rank) => rank.isStopping)) onStop();
  const sum = (name: keyof BatchCounts, ranks: readonly StepNews[] = news): number =>
    ranks.reduce((total, { counts }) => total + counts[name], 0);
  const whole = {
    firstImage: sum('images', news.slice(0, group.rank)),
    images: sum('images'),
    positives: sum('positives'),
    centerness: sum('centerness'),
    masks: sum('masks'),
    truths: sum('truths'),
  };
  return { batch: { ...batch, whole }, unreadable: news.flatMap((rank) => rank.unreadable) };
}
