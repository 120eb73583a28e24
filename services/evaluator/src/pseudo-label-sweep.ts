import type { LabeledImage } from '@cassl/datasets';
import type { ThresholdQuality } from '@cassl/proto';
import { pairIou, type Detection } from '@cassl/vision';

export interface PseudoLabelSweep {
  add(image: LabeledImage, detections: readonly Detection[]): void;
  sweep(): ThresholdQuality[];
  /** The threshold with the best F1; the lowest of several. */
  best(): number;
}

const IOU_THRESHOLD = 0.5;
const DEFAULT_THRESHOLDS = Array.from({ length: 19 }, (_, index) => (index + 1) / 20);

/**
 * Precision, recall and F1 of class-agnostic boxes over score thresholds. Labels are matched best score first, so those
 * above a threshold match the same whether or not the others are there: one pass serves all thresholds.
 */
export function createSweep(asked: readonly number[]): PseudoLabelSweep {
  const thresholds = asked.length === 0 ? DEFAULT_THRESHOLDS : asked;
  const labels: { readonly score: number; readonly iou: number | undefined }[] = [];
  let instanceCount = 0;

  const sweep = (): ThresholdQuality[] =>
    thresholds.map((threshold) => {
      const kept = labels.filter(({ score }) => score > threshold);
      const ious = kept.flatMap(({ iou }) => iou ?? []);
      const precision = kept.length === 0 ? 0 : ious.length / kept.length;
      const recall = instanceCount === 0 ? 0 : ious.length / instanceCount;
      const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
      const meanIou = ious.length === 0 ? 0 : ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
      return { threshold, precision, recall, f1, meanIou };
    });

  return {
    add({ instances }, detections) {
      const truths = instances.filter(({ crowd }) => !crowd);
      instanceCount += truths.length;
      const taken = new Set<number>();
      for (const { box, score } of [...detections].sort((a, b) => b.score - a.score)) {
        let best = -1;
        let bestIou = IOU_THRESHOLD;
        truths.forEach((truth, index) => {
          const iou = taken.has(index) ? 0 : pairIou(box, 0, truth.box, 0);
          if (iou >= bestIou) [best, bestIou] = [index, iou];
        });
        if (best >= 0) taken.add(best);
        labels.push({ score, iou: best >= 0 ? bestIou : undefined });
      }
    },
    sweep,
    best: () => sweep().reduce((best, entry) => (entry.f1 > best.f1 ? entry : best)).threshold,
  };
}
