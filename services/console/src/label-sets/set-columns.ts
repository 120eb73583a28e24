import { setImmediate as nextTurn } from 'node:timers/promises';
import { isFailed, type LabelRow } from '@cassl/labels';
import { collect } from './rows-at.ts';
import { matchTruth } from './match-truth.ts';
import type { OpenedSet } from './opened-sets.ts';
import type { Truth } from './truth.ts';

/** What filters and orders look at, a column a fact, in pool order: 26 bytes an image and 4 more for 32 classes. */
export interface SetColumns {
  /** Images that were looked at so far; the columns are valid up to here. */
  done: number;
  readonly total: number;
  readonly hasTruth: boolean;
  readonly categories: readonly string[];
  /** Best score; 0 without a label, -1 where the image failed. */
  readonly best: Float32Array;
  readonly labels: Uint16Array;
  /** Square root of the box's share of the image, of the smallest and the largest label. */
  readonly smallest: Float32Array;
  readonly largest: Float32Array;
  /** Labels that are not true, objects that were not found, objects in all; 0 without truth. */
  readonly falsePositives: Uint16Array;
  readonly missed: Uint16Array;
  readonly objects: Uint16Array;
  /** Bit c: an object of class c is in the image, for the first 32 classes. */
  readonly classes: Uint32Array;
  /** Why it ended early. */
  error: unknown;
}

/** Starts looking at every image of a set, in the background: what asks meanwhile sees how far it is. */
export function startColumns(opened: OpenedSet, truth: Truth | undefined): SetColumns {
  const total = opened.set.totals.images;
  const columns: SetColumns = {
    done: 0,
    total,
    hasTruth: truth !== undefined,
    categories: truth?.categories ?? [],
    best: new Float32Array(total),
    labels: new Uint16Array(total),
    smallest: new Float32Array(total),
    largest: new Float32Array(total),
    falsePositives: new Uint16Array(total),
    missed: new Uint16Array(total),
    objects: new Uint16Array(total),
    classes: new Uint32Array(total),
    error: undefined,
  };
  fill(columns, opened, truth).catch((error: unknown) => (columns.error = error));
  return columns;
}

async function fill(columns: SetColumns, { set, files }: OpenedSet, truth: Truth | undefined): Promise<void> {
  for (const file of files) {
    for (const row of await collect(set.rowsOf(file))) add(columns, row, truth);
    // Requests come first.
    await nextTurn();
  }
}

function add(columns: SetColumns, row: LabelRow, truth: Truth | undefined): void {
  const at = columns.done++;
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
  const { isTrue, isFound } = matchTruth(instances, objects);
  columns.objects[at] = objects.length;
  columns.falsePositives[at] = isTrue.filter((value) => !value).length;
  columns.missed[at] = isFound.filter((value) => !value).length;
  for (const { category } of objects) if (category < 32) columns.classes[at]! |= 1 << category;
}
