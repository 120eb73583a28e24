import type { LabeledImage } from '@cassl/datasets';
import { bestPerObject } from '../pictures/best-per-object.ts';
import { matchFound } from './match-found.ts';
import type { FoundImages } from '@cassl/datasets';

/** Rows are true classes, columns detected ones; the last of each is "nothing": false detections and misses. */
export type Confusion = readonly (readonly number[])[];

/** Counts which class the objects of each class were taken for; of each object only its surest name counts. */
export function countConfusion(
  images: readonly LabeledImage[],
  found: FoundImages,
  categories: number,
): Confusion {
  const counts = Array.from({ length: categories + 1 }, () => new Array<number>(categories + 1).fill(0));
  for (const { id, instances } of images) {
    const named = bestPerObject(found.get(id) ?? [], (detection) => detection);
    for (const { object, detection } of matchFound(instances, named)) {
      const row = counts[object?.category ?? categories];
      const column = detection?.category ?? categories;
      if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
    }
  }
  return counts;
}
