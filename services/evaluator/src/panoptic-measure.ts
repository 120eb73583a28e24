import type { Dataset } from '@cassl/datasets';
import {
  createPanopticEvaluator,
  mergeDetections,
  panopticTruth,
  type PanopticSummary,
} from '@cassl/metrics';
import type { Measure } from './measure.ts';

const USUAL_THRESHOLDS: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.5];

export interface PanopticMeasure extends Measure {
  /** "panoptic/PQ" and so on at the best threshold, and that. */
  numbers(): Readonly<Record<string, number>>;
}

/**
 * Panoptic quality at the score threshold that suits the model best: scores of differently trained models mean different
 * things, and one threshold for all would measure that.
 * @param toDataset from the model's channels to the data set's categories
 */
export function createPanopticMeasure(
  dataset: Dataset,
  toDataset: readonly (number | undefined)[],
  asked: readonly number[],
): PanopticMeasure {
  const categories = dataset.categories.map(({ index, name, isThing = true }) => ({
    id: index,
    name,
    isThing,
  }));
  const evaluators = (asked.length === 0 ? USUAL_THRESHOLDS : asked).map((threshold) => ({
    threshold,
    evaluator: createPanopticEvaluator(categories),
  }));
  const isThing = (category: number): boolean => categories[category]?.isThing ?? true;
  return {
    add({ id, width, height, instances }, detections) {
      const groundTruth = panopticTruth(instances, { width, height });
      const known = detections.flatMap((detection) => {
        const category = toDataset[detection.category];
        return category === undefined ? [] : [{ ...detection, category }];
      });
      for (const { threshold, evaluator } of evaluators) {
        const prediction = mergeDetections(known, { width, height, threshold, isThing });
        evaluator.addImage({ imageId: id, groundTruth, prediction });
      }
    },
    numbers() {
      const summaries = evaluators.map(({ threshold, evaluator }) => ({
        threshold,
        ...evaluator.summarize(),
      }));
      const best = summaries.reduce((a, b) => ((b.all.PQ ?? 0) > (a.all.PQ ?? 0) ? b : a));
      return { ...numbersOf(best), 'panoptic/threshold': best.threshold };
    },
  };
}

function numbersOf({ all, things, stuff }: PanopticSummary): Record<string, number> {
  const named = {
    PQ: all.PQ,
    SQ: all.SQ,
    RQ: all.RQ,
    PQth: things.PQ,
    PQst: stuff.PQ,
  };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) => (value === null ? [] : [[`panoptic/${name}`, value]])),
  );
}
