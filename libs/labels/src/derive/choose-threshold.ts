import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { toXyxy, type Xyxy } from '@cassl/vision';
import { isFailed } from '../file/label-row.ts';
import { SCORE_STEPS } from '../file/stored-label.ts';
import type { LabelSet } from '../set/open-label-set.ts';
import { scoreSteps } from '../set/score-histogram.ts';
import { matchBoxes } from './match-boxes.ts';

export interface ChooseThresholdOptions {
  /** Precision to reach, in (0, 1]. */
  readonly precision: number;
  /** IoU with an object from which on a label is right. @default 0.5 */
  readonly iou?: number | undefined;
  /** Fewer labels above a threshold prove nothing about it. @default 20 */
  readonly leastLabels?: number | undefined;
}

export interface ChosenThreshold {
  readonly threshold: number;
  /** Measured on the held-out images, above the threshold. */
  readonly precision: number;
  readonly recall: number;
  readonly labels: number;
  readonly images: number;
}

/** A label of a held-out image. */
interface JudgedLabel {
  readonly steps: number;
  readonly right: boolean;
}

/**
 * The lowest threshold at which labels of held-out images were right at the wanted rate, and at every higher threshold with
 * enough labels as well: precision is not monotone in the score, and a lucky dip must not be chosen.
 * @param truth objects of an image by its key; undefined for an image that is not held out. Crowds belong left out.
 * @throws FAILED_PRECONDITION where no threshold reaches it, saying what was reached, or no held-out image is in the set.
 */
export async function chooseThreshold(
  set: LabelSet,
  truth: (key: string) => readonly Xyxy[] | undefined,
  { precision, iou = 0.5, leastLabels = 20 }: ChooseThresholdOptions,
): Promise<ChosenThreshold> {
  if (!(precision > 0 && precision <= 1))
    throw invalidArgument(`precision must be in (0, 1], got ${precision}`);
  const judged: JudgedLabel[] = [];
  let images = 0;
  let objects = 0;
  for await (const row of set.rows()) {
    const boxes = truth(row.key);
    if (boxes === undefined || isFailed(row)) continue;
    images++;
    objects += boxes.length;
    const labels = row.instances.map(({ bbox, score }) => ({ box: toXyxy(bbox), score }));
    const matched = matchBoxes(labels, boxes, iou);
    labels.forEach(({ score }, index) =>
      judged.push({ steps: scoreSteps(score), right: matched[index]! > 0 }),
    );
  }
  if (images === 0) {
    throw failedPrecondition(
      `none of the ${set.totals.images} images of the label set is among the held-out ones`,
    );
  }
  const { best, reached } = lowestReaching(judged, precision, leastLabels);
  if (best === undefined) {
    throw failedPrecondition(
      `no threshold reaches precision ${precision} on ${images} held-out images with ${judged.length} labels; the best is ${reached.toFixed(4)}`,
    );
  }
  const { threshold, right, labels } = best;
  const recall = objects === 0 ? 0 : right / objects;
  return { threshold, precision: right / labels, recall, labels, images };
}

function lowestReaching(
  judged: readonly JudgedLabel[],
  precision: number,
  leastLabels: number,
): { best?: { threshold: number; right: number; labels: number }; reached: number } {
  const sorted = [...judged].sort((a, b) => b.steps - a.steps);
  let best: { threshold: number; right: number; labels: number } | undefined;
  let reached = 0;
  let right = 0;
  for (const [index, label] of sorted.entries()) {
    if (label.right) right++;
    const next = sorted[index + 1];
    const labels = index + 1;
    if (next?.steps === label.steps || (labels < leastLabels && next !== undefined)) continue;
    reached = Math.max(reached, right / labels);
    if (right / labels < precision) break;
    best = { threshold: (next?.steps ?? label.steps - 1) / SCORE_STEPS, right, labels };
  }
  return best === undefined ? { reached } : { best, reached };
}
