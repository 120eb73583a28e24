import { createHash } from 'node:crypto';
import { isFailed, openLabelSet, recordOf, type LabeledRow } from '@cassl/labels';
import type { DatasetCategory, LabelSetDataset, LabelSetPart } from '../dataset.ts';
import { createDropLog } from '../drop-report.ts';
import { AGNOSTIC, checkThreshold, trainingImage } from './training-image.ts';

export interface OpenLabelSetDatasetOptions {
  /** delta: a label stays where its score is strictly greater (method.md 1.3). */
  readonly threshold: number;
  /** Keeps the labels' classes, which index this list. @default one class, "object", for all */
  readonly categories?: readonly DatasetCategory[] | undefined;
  /** Told of every labeled image, in order, whether or not a label of it is kept. */
  readonly onImage?: ((row: LabeledRow) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A label set as a training set that stays where it is: its labels are read through once, to count them and to hold every file to its
 * digest, and again when a batch needs them; one small entry a label file is kept. The digest is that of the same rows in memory.
 * @throws INVALID_ARGUMENT for a threshold outside [0, 1) or a class that `categories` lacks; NOT_FOUND, DATA_LOSS for what is gone or damaged
 */
export async function openLabelSetDataset(
  address: string,
  { threshold, categories, onImage, signal }: OpenLabelSetDatasetOptions,
): Promise<LabelSetDataset> {
  checkThreshold(threshold);
  const choice = { threshold, categories };
  const set = await openLabelSet(address, { signal });
  const log = createDropLog();
  const hash = createHash('sha256').update(`${threshold} false\n`);
  const parts: LabelSetPart[] = [];
  const listed = { images: 0, annotations: 0 };
  const kept = { images: 0, annotations: 0 };
  for await (const file of set.files()) {
    let [images, masked] = [0, 0];
    for await (const row of set.rowsOf(file)) {
      if (isFailed(row)) continue;
      onImage?.(row);
      listed.images++;
      listed.annotations += row.instances.length;
      const image = trainingImage(recordOf(row), 0, choice, log);
      if (image === undefined) continue;
      images++;
      if (image.instances.some(({ mask }) => mask !== undefined)) masked++;
      kept.annotations += image.instances.length;
      hash.update(JSON.stringify(row)).update('\n');
    }
    kept.images += images;
    if (images > 0) parts.push({ digest: file.digest, bytes: file.bytes, images, masked });
  }
  return {
    labelSet: set.address,
    parts,
    threshold,
    categories: categories ?? AGNOSTIC,
    isAgnostic: categories === undefined,
    report: log.report({
      images: { listed: listed.images, kept: kept.images },
      annotations: { listed: listed.annotations, kept: kept.annotations },
    }),
    digest: `sha256:${hash.digest('hex')}`,
  };
}
