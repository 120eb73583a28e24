import type { StoredLabel } from '@cassl/labels';
import { pairIou, toXyxy, type Instance } from '@cassl/vision';

/** Which labels of an image are true and which true objects they found, at a box IoU of at least 0.5. */
export interface Match {
  /** For each label: it is true. */
  readonly isTrue: readonly boolean[];
  /** For each true object: it was found. */
  readonly isFound: readonly boolean[];
}

const LEAST_IOU = 0.5;

/**
 * One to one, best score first, as COCO does.
 * @param withClasses a label of another class than its object's is false; else labels have no classes
 */
export function matchTruth(
  labels: readonly StoredLabel[],
  truth: readonly Instance[],
  withClasses = false,
): Match {
  const isTrue = labels.map(() => false);
  const isFound = truth.map(() => false);
  const order = labels
    .map((_, index) => index)
    .sort((a, b) => (labels[b]?.score ?? 0) - (labels[a]?.score ?? 0));
  for (const index of order) {
    const label = labels[index];
    const isTaken = ({ category }: Instance, at: number): boolean =>
      isFound[at] === true || (withClasses && category !== (label?.category ?? 0));
    const found = label === undefined ? -1 : bestOf(label, truth, isTaken);
    if (found < 0) continue;
    isTrue[index] = true;
    isFound[found] = true;
  }
  return { isTrue, isFound };
}

function bestOf(
  { bbox }: StoredLabel,
  truth: readonly Instance[],
  isTaken: (object: Instance, at: number) => boolean,
): number {
  const xyxy = toXyxy(bbox);
  let best = -1;
  let bestIou = LEAST_IOU;
  truth.forEach((object, index) => {
    const iou = isTaken(object, index) ? 0 : pairIou(xyxy, 0, object.box, 0);
    if (iou >= bestIou) [best, bestIou] = [index, iou];
  });
  return best;
}
