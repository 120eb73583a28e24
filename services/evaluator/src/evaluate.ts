import { formatDropReport, unreadableReport, type Dataset, type UnreadableImage } from '@cassl/datasets';
import { invalidArgument } from '@cassl/errors';
import { openLabeledDataset } from '@cassl/workers';
import type { EvaluateOptions } from './evaluate-options.ts';
import { detectDataset, readLabelFiles, type DetectedImage } from './find-detections.ts';
import type { Measured } from './evaluation-messages.ts';
import { chooseMetrics, createMeasures } from './measures.ts';
import { asksForScores, measureScores } from './measure-scores.ts';
import { writeDetections } from './write-detections.ts';

/** Runs a checkpoint over labeled images, or takes label files, and measures what was found against the labels. */
export async function evaluate(options: EvaluateOptions): Promise<Measured> {
  const { spec, onProgress } = options;
  if (asksForScores(spec)) return measureScores(spec.labelUris, onProgress);
  if (spec.dataset === undefined) throw invalidArgument('EvaluationSpec.dataset is missing');
  const dataset = await openLabeledDataset(spec.dataset);
  const findings =
    spec.labelUris.length > 0
      ? await readLabelFiles(spec.labelUris, dataset)
      : await detectDataset(options, dataset);
  const measures = createMeasures(
    chooseMetrics(spec.metrics, findings, dataset),
    dataset,
    findings,
    spec.thresholds,
  );

  // All detections of a large set are many: they are kept only where they are written.
  const kept: DetectedImage[] = [];
  const unreadable: UnreadableImage[] = [];
  let imageCount = 0;
  for await (const found of findings.images()) {
    for (const measure of measures.all) measure.add(found.image, found.detections);
    if (spec.outputUri !== '') kept.push(found);
    if (found.unreadable !== undefined)
      unreadable.push([imageCount, `${found.image.key}: ${found.unreadable}`]);
    imageCount += 1;
    onProgress(imageCount, dataset.images.length);
  }
  const detectionsUri = await writeDetections(spec.outputUri, kept, findings.categories);
  return {
    ...measures.result(),
    imageCount,
    datasetDigest: plainDigest(dataset),
    checkpointDigest: findings.checkpointDigest,
    detectionsUri,
    notes: notesOf(dataset, imageCount, unreadable),
  };
}

/** What the numbers are not over, for people. */
function notesOf(dataset: Dataset, imageCount: number, unreadable: readonly UnreadableImage[]): string[] {
  const listed = dataset.report.reasons.length === 0 ? [] : formatDropReport(dataset.report).split('\n');
  if (unreadable.length === 0) return listed;
  const found = formatDropReport(unreadableReport(dataset, imageCount, unreadable)).split('\n');
  return [
    ...listed,
    `${unreadable.length} of ${imageCount} images could not be read: their objects count as missed`,
    ...found,
  ];
}

function plainDigest({ digest }: Dataset): string {
  return digest.replace(/^sha256:/, '');
}
