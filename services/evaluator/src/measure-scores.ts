import { readLabels } from '@cassl/labels';
import { createScoreHistogram } from '@cassl/metrics';
import { MetricKind, type EvaluationSpec } from '@cassl/proto';
import type { Measured } from './evaluation-messages.ts';

/** Only the scores of label files are asked for: no image, no truth, no checkpoint. */
export function asksForScores({ metrics }: EvaluationSpec): boolean {
  return metrics.includes(MetricKind.METRIC_KIND_LABEL_SCORES);
}

/** Images between two words on progress. */
const REPORT_EVERY = 1000;

/**
 * A threshold from the scores of label files or sets. How many images there are is known at the end only.
 * @throws FAILED_PRECONDITION where the scores do not differ; as `readLabels` for files that cannot be read
 */
export async function measureScores(
  labelUris: readonly string[],
  onProgress: (done: number, total: number) => void,
): Promise<Measured> {
  const histogram = createScoreHistogram();
  let imageCount = 0;
  for await (const { detections } of readLabels(labelUris)) {
    for (const { score } of detections) histogram.add(score);
    imageCount += 1;
    if (imageCount % REPORT_EVERY === 0) onProgress(imageCount, imageCount);
  }
  onProgress(imageCount, imageCount);
  return {
    metrics: {},
    sweep: [],
    bestThreshold: histogram.threshold(),
    imageCount,
    datasetDigest: '',
    checkpointDigest: '',
    detectionsUri: '',
    notes: [],
  };
}
