import { createHash } from 'node:crypto';
import { invalidArgument } from '@cassl/errors';
import { readLabelFiles, rowOf, type LabelRecord } from '@cassl/labels';
import { resolveOverlaps, rleArea, type Detection, type Instance } from '@cassl/vision';
import type { Dataset, DatasetCategory, LabeledImage } from '../dataset.ts';
import { createDropLog } from '../drop-report.ts';
import { clipBox } from '../augment/tight-box.ts';

export interface OpenPseudoLabelsOptions {
  /** delta: a label stays where its score is strictly greater (method.md 1.3). */
  readonly threshold: number;
  /** Entities: every pixel goes to the best mask, boxes are measured again (method.md 4.5). @default false */
  readonly nonOverlap?: boolean | undefined;
  /** Where the pool is now, when it has moved since it was labeled. */
  readonly pool?: string | undefined;
  /** Keeps the labels' classes, which index this list. @default one class, "object", for all */
  readonly categories?: readonly DatasetCategory[] | undefined;
}

const AGNOSTIC: readonly DatasetCategory[] = [{ index: 0, name: 'object', sourceIds: [] }];

/**
 * Label files as a training set, class-agnostic unless `categories` are given. Images without a label above the threshold are removed, an image that was
 * labeled twice counts once, and the report says how many.
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
  { threshold, nonOverlap = false, pool, categories }: OpenPseudoLabelsOptions,
): Promise<Dataset> {
  if (!(threshold >= 0 && threshold < 1)) {
    throw invalidArgument(`pseudo labels: threshold must be in [0, 1), got ${threshold}`);
  }
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
    const kept = record.detections.filter(({ score }) => score > threshold);
    const low = record.detections.length - kept.length;
    for (let i = 0; i < low; i++) log.drop('annotation', `score is not above ${threshold}`, record.key);
    const instances = (nonOverlap ? resolveOverlaps(kept) : kept).flatMap(
      (detection) => instanceOf(detection, record, categories) ?? [],
    );
    for (let i = instances.length; i < kept.length; i++) {
      log.drop('annotation', 'nothing is left of its mask or box', record.key);
    }
    if (instances.length === 0) {
      log.drop('image', 'no label is left', record.key);
      continue;
    }
    const { key, width, height } = record;
    const location = pool === undefined ? record.location : { ...record.location, store: pool };
    images.push({ id: images.length + 1, key, location, width, height, instances });
    hash.update(JSON.stringify(rowOf(record))).update('\n');
  }
  const annotations = images.reduce((sum, { instances }) => sum + instances.length, 0);
  return {
    images,
    categories: categories ?? AGNOSTIC,
    report: log.report({
      images: { listed: totals.images, kept: images.length },
      annotations: { listed: totals.annotations, kept: annotations },
    }),
    digest: `sha256:${hash.digest('hex')}`,
  };
}

function instanceOf(
  { box, mask, category: found }: Detection,
  image: LabelRecord,
  categories: readonly DatasetCategory[] | undefined,
): Instance | undefined {
  const category = categories === undefined ? 0 : found;
  if (categories !== undefined && categories[category] === undefined) {
    throw invalidArgument(
      `pseudo labels: ${image.key} has class ${category}, its teacher has ${categories.length} classes`,
    );
  }
  const clipped = clipBox(box, image);
  const boxArea = (clipped[2] - clipped[0]) * (clipped[3] - clipped[1]);
  const area = mask === undefined ? boxArea : rleArea(mask);
  if (boxArea <= 0 || area <= 0) return undefined;
  return { box: clipped, category, crowd: false, area, ...(mask === undefined ? {} : { mask }) };
}
