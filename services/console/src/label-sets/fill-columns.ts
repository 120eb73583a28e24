import { isFailed, type LabelRow } from '@cassl/labels';
import type { LabeledDataset } from '@cassl/proto';
import { hasClasses, openSet } from './detection-sets.ts';
import { matchTruth } from './match-truth.ts';
import type { SetColumns } from './set-columns.ts';
import { openTruth, type Truth } from './truth.ts';

/** What a thread is to look at. */
export interface FillTask {
  readonly address: string;
  /** Of the console: its label sets are read as they are. */
  readonly ownFolder: string;
  readonly truth: LabeledDataset | undefined;
  readonly columns: SetColumns;
}

/** Looks at every image of a set, in the order of the pool. */
export async function fillColumns({ address, ownFolder, truth: named, columns }: FillTask): Promise<void> {
  const set = await openSet(address, ownFolder);
  const withClasses = hasClasses(set);
  const truth = named === undefined ? undefined : await openTruth(named);
  let at = 0;
  for await (const file of set.files()) {
    for await (const row of set.rowsOf(file)) fillOne(columns, at++, row, { truth, withClasses });
    Atomics.store(columns.progress, 0, at);
  }
}

interface Compared {
  readonly truth: Truth | undefined;
  readonly withClasses: boolean;
}

function fillOne(columns: SetColumns, at: number, row: LabelRow, { truth, withClasses }: Compared): void {
  if (isFailed(row)) {
    columns.best[at] = -1;
    return;
  }
  const { instances, width, height, key } = row;
  const sizes = instances.map(({ bbox: [, , w, h] }) => Math.sqrt((w * h) / (width * height)));
  columns.best[at] = Math.max(0, ...instances.map(({ score }) => score));
  columns.labels[at] = instances.length;
  columns.smallest[at] = instances.length === 0 ? 0 : Math.min(...sizes);
  columns.largest[at] = Math.max(0, ...sizes);
  const objects = truth?.images.get(key)?.instances.filter(({ crowd }) => !crowd);
  if (objects === undefined) return;
  const { isTrue, isFound } = matchTruth(instances, objects, withClasses);
  columns.objects[at] = objects.length;
  columns.falsePositives[at] = isTrue.filter((value) => !value).length;
  columns.missed[at] = isFound.filter((value) => !value).length;
  for (const { category } of objects) if (category < 32) columns.classes[at]! |= 1 << category;
}
