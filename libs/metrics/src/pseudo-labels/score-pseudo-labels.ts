import type { EvaluatedImage } from '../coco/evaluated-image.ts';
import { columnsOf } from '../coco/columns-of.ts';
import { CROWD } from '../coco/image-columns.ts';
import { sortByScore } from '../coco/sort-by-score.ts';
import { NumberColumn } from '../files/growing.ts';

/** Quality of the labels whose score is strictly above a threshold. */
export interface LabelQuality {
  readonly threshold: number;
  /** Labels kept; those in crowds count neither here nor below. */
  readonly labels: number;
  /** True labels over labels kept; null without any. */
  readonly precision: number | null;
  /** Objects found over objects; null without any. */
  readonly recall: number | null;
  /** Harmonic mean of precision and recall; 0 where no label is true. */
  readonly f1: number;
  /** Mean IoU of the true labels with their objects; null without any. */
  readonly meanIou: number | null;
}

export interface LabelQualitySweep {
  readonly images: number;
  readonly objects: number;
  /** One entry per threshold, as given. */
  readonly sweep: readonly LabelQuality[];
  /** The entry with the best F1, the lowest threshold of equals. */
  readonly best: LabelQuality;
  /** Quality at any other threshold. */
  at(threshold: number): LabelQuality;
}

export interface PseudoLabelScorerOptions {
  /** Compare boxes or masks. @default 'bbox' */
  readonly type?: 'bbox' | 'segm';
  /** A label is true from this IoU with an object that no better label has taken. @default 0.5 */
  readonly iouThreshold?: number;
  /** Score thresholds of the sweep. @default 0.05, 0.10 … 0.95 */
  readonly thresholds?: readonly number[];
}

/** Scores labels against the truth image by image, class-agnostic; three numbers per label are kept. */
export interface PseudoLabelScorer {
  /** @throws INVALID_ARGUMENT for a score that is not finite or a missing mask where masks are compared. */
  addImage(image: EvaluatedImage): void;
  summarize(): LabelQualitySweep;
}

export const DEFAULT_LABEL_THRESHOLDS: readonly number[] = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

const FALSE = 0;
const TRUE = 1;
const IN_CROWD = 2;

/**
 * Matching is greedy, best score first, so the labels above a threshold match alike whatever the threshold: one pass
 * serves the whole sweep.
 */
export function createPseudoLabelScorer(options: PseudoLabelScorerOptions = {}): PseudoLabelScorer {
  const { type = 'bbox', iouThreshold = 0.5, thresholds = DEFAULT_LABEL_THRESHOLDS } = options;
  const score = new NumberColumn();
  const verdict = new NumberColumn();
  const iou = new NumberColumn();
  let objects = 0;
  let images = 0;

  return {
    addImage(image) {
      const { gtFlags, dtScore, gtCount, dtCount, overlaps } = columnsOf(image, {
        type,
        categories: Infinity,
        classAgnostic: true,
        sigmas: [],
      });
      const table = new Float64Array(dtCount * gtCount);
      const all = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);
      overlaps(all(dtCount), dtCount, all(gtCount), gtCount, table);
      const taken = new Uint8Array(gtCount);
      for (const d of sortByScore(dtScore, dtCount)) {
        const row = table.subarray(d * gtCount, (d + 1) * gtCount);
        const g = bestFree(row, taken, gtFlags, iouThreshold);
        const crowd = row.some((value, i) => (gtFlags[i]! & CROWD) !== 0 && value >= iouThreshold);
        if (g >= 0) taken[g] = 1;
        score.push(dtScore[d]!);
        verdict.push(g >= 0 ? TRUE : crowd ? IN_CROWD : FALSE);
        iou.push(g >= 0 ? row[g]! : 0);
      }
      objects += gtFlags.reduce((count, flags) => count + ((flags & CROWD) === 0 ? 1 : 0), 0);
      images++;
    },
    summarize() {
      const at = qualityReader(score, verdict, iou, objects);
      const sweep = thresholds.map(at);
      const best = sweep.reduce((a, b) => (b.f1 > a.f1 ? b : a), sweep[0] ?? at(0));
      return { images, objects, sweep, best, at };
    },
  };
}

/** {@link createPseudoLabelScorer} over images at hand. */
export function scorePseudoLabels(
  images: Iterable<EvaluatedImage>,
  options: PseudoLabelScorerOptions = {},
): LabelQualitySweep {
  const scorer = createPseudoLabelScorer(options);
  for (const image of images) scorer.addImage(image);
  return scorer.summarize();
}

/** The free object of highest IoU from the threshold on, or -1. */
function bestFree(row: Float64Array, taken: Uint8Array, gtFlags: Uint8Array, iouThreshold: number): number {
  let best = -1;
  for (let g = 0; g < row.length; g++) {
    if (taken[g] === 1 || (gtFlags[g]! & CROWD) !== 0 || row[g]! < iouThreshold) continue;
    if (best === -1 || row[g]! >= row[best]!) best = g;
  }
  return best;
}

/** Sums over the labels in score order, so that every threshold is answered by one search. */
function qualityReader(
  score: NumberColumn,
  verdict: NumberColumn,
  iou: NumberColumn,
  objects: number,
): (threshold: number) => LabelQuality {
  const order = sortByScore(score.values, score.length);
  const kept = new Float64Array(order.length + 1);
  const found = new Float64Array(order.length + 1);
  const ious = new Float64Array(order.length + 1);
  order.forEach((label, place) => {
    kept[place + 1] = kept[place]! + (verdict.values[label] === IN_CROWD ? 0 : 1);
    found[place + 1] = found[place]! + (verdict.values[label] === TRUE ? 1 : 0);
    ious[place + 1] = ious[place]! + iou.values[label]!;
  });
  return (threshold) => {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (score.values[order[middle]!]! > threshold) low = middle + 1;
      else high = middle;
    }
    const [labels, matched] = [kept[low]!, found[low]!];
    return {
      threshold,
      labels,
      precision: labels === 0 ? null : matched / labels,
      recall: objects === 0 ? null : matched / objects,
      f1: matched === 0 ? 0 : (2 * matched) / (labels + objects),
      meanIou: matched === 0 ? null : ious[low]! / matched,
    };
  };
}
