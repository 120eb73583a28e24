import { invalidArgument } from '@cassl/errors';
import type { LabelRecord } from '@cassl/labels';
import { resolveOverlaps, rleArea, type Detection, type Instance } from '@cassl/vision';
import { clipBox } from '../augment/tight-box.ts';
import type { DatasetCategory, LabeledImage } from '../dataset.ts';
import type { DropLog } from '../drop-report.ts';

export interface LabelChoice {
  /** delta: a label stays where its score is strictly greater (method.md 1.3). */
  readonly threshold: number;
  /** Entities: every pixel goes to the best mask, boxes are measured again (method.md 4.5). @default false */
  readonly nonOverlap?: boolean | undefined;
  /** Keeps the labels' classes, which index this list. @default one class, "object", for all */
  readonly categories?: readonly DatasetCategory[] | undefined;
}

export const AGNOSTIC: readonly DatasetCategory[] = [{ index: 0, name: 'object', sourceIds: [] }];

/** @throws INVALID_ARGUMENT for a threshold outside [0, 1) */
export function checkThreshold(threshold: number): void {
  if (threshold >= 0 && threshold < 1) return;
  throw invalidArgument(`pseudo labels: threshold must be in [0, 1), got ${threshold}`);
}

/**
 * What a training sees of a labeled image; undefined where no label is left, so that the image is removed.
 * @throws INVALID_ARGUMENT for a class that `categories` lacks
 */
export function trainingImage(
  record: LabelRecord,
  id: number,
  { threshold, nonOverlap = false, categories }: LabelChoice,
  log?: DropLog,
): LabeledImage | undefined {
  const { key, location, width, height, detections } = record;
  const kept = detections.filter(({ score }) => score > threshold);
  const instances = (nonOverlap ? resolveOverlaps(kept) : kept).flatMap(
    (detection) => instanceOf(detection, record, categories) ?? [],
  );
  for (let i = kept.length; i < detections.length; i++) {
    log?.drop('annotation', `score is not above ${threshold}`, key);
  }
  for (let i = instances.length; i < kept.length; i++) {
    log?.drop('annotation', 'nothing is left of its mask or box', key);
  }
  if (instances.length > 0) return { id, key, location, width, height, instances };
  log?.drop('image', 'no label is left', key);
  return undefined;
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
