import type { DatasetCategory } from './dataset.ts';

/** Of `Category.id` and `Detection.category_id`. */
const MAX_ID = 2 ** 32 - 1;

/**
 * The ids that checkpoints and detections have for these categories, in their order: those of the annotations where every category
 * has exactly one and it is a uint32, else 1, 2, … for all of them, so that no two are the same.
 */
export function writtenIds(categories: readonly Pick<DatasetCategory, 'sourceIds'>[]): number[] {
  const ids = categories.map(({ sourceIds }) => (sourceIds.length === 1 ? sourceIds[0] : undefined));
  return ids.every(isUint32) ? ids : ids.map((_, index) => index + 1);
}

function isUint32(id: unknown): id is number {
  return Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) <= MAX_ID;
}
