import { createHash } from 'node:crypto';
import { readLabelFiles, rowOf, type LabelRecord } from '@cassl/labels';
import type { Dataset, LabeledImage } from '../dataset.ts';
import { createDropLog } from '../drop-report.ts';
import { AGNOSTIC, checkThreshold, trainingImage, type LabelChoice } from './training-image.ts';

export interface OpenPseudoLabelsOptions extends LabelChoice {
  /** Where the pool is now, when it has moved since it was labeled. */
  readonly pool?: string | undefined;
}

/**
 * Label files as a training set in memory, class-agnostic unless `categories` are given. Images without a label above the threshold are removed, an image that
 * was labeled twice counts once, and the report says how many.
 * @throws INVALID_ARGUMENT for a threshold outside [0, 1), a class that `categories` lacks, or a label file with a bad line; DATA_LOSS for a damaged file.
 */
export async function openPseudoLabels(
  files: readonly string[],
  options: OpenPseudoLabelsOptions,
): Promise<Dataset> {
  return pseudoLabelDataset(readLabelFiles(files), options);
}

/** As {@link openPseudoLabels}, from records at hand. */
export async function pseudoLabelDataset(
  records: Iterable<LabelRecord> | AsyncIterable<LabelRecord>,
  { pool, ...choice }: OpenPseudoLabelsOptions,
): Promise<Dataset> {
  const { threshold, nonOverlap = false, categories = AGNOSTIC } = choice;
  checkThreshold(threshold);
  const log = createDropLog();
  const hash = createHash('sha256').update(`${threshold} ${nonOverlap}\n`);
  const images: LabeledImage[] = [];
  const seen = new Set<string>();
  const totals = { images: 0, annotations: 0 };
  for await (const record of records) {
    totals.images++;
    totals.annotations += record.detections.length;
    if (seen.has(record.key)) {
      log.drop('image', 'labeled twice', record.key);
      continue;
    }
    seen.add(record.key);
    const image = trainingImage(record, images.length + 1, choice, log);
    if (image === undefined) continue;
    images.push(pool === undefined ? image : { ...image, location: { ...image.location, store: pool } });
    hash.update(JSON.stringify(rowOf(record))).update('\n');
  }
  const annotations = images.reduce((sum, { instances }) => sum + instances.length, 0);
  return {
    images,
    categories,
    report: log.report({
      images: { listed: totals.images, kept: images.length },
      annotations: { listed: totals.annotations, kept: annotations },
    }),
    digest: `sha256:${hash.digest('hex')}`,
  };
}
