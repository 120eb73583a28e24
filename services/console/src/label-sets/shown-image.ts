import { isFailed, type LabeledRow, type LabelRow, type StoredLabel } from '@cassl/labels';
import { rleFromString, type Instance } from '@cassl/vision';
import { matchTruth } from './match-truth.ts';
import type { Truth } from './truth.ts';

/** A box with what is known of it, as pages draw it. */
export interface ShownBox {
  /** [x, y, width, height], pixels. */
  readonly box: readonly [number, number, number, number];
  readonly score?: number;
  /** Category of an object; '' for class-agnostic labels. */
  readonly name: string;
  /** Of a label: it is true; of an object: it was found. Absent without truth. */
  readonly isRight?: boolean;
  /** Lengths of runs, column by column, the first one outside of the mask. */
  readonly runs?: readonly number[];
}

/** An image of a label set. */
export interface ShownImage {
  /** Position in the pool. */
  readonly at: number;
  readonly key: string;
  /** 0 where it failed. */
  readonly width: number;
  readonly height: number;
  readonly failure?: { readonly code: string; readonly message: string };
  readonly labels: readonly ShownBox[];
  /** Objects that people labeled; absent where nobody looked. */
  readonly objects?: readonly ShownBox[];
}

interface Options {
  readonly truth: Truth | undefined;
  readonly masks: boolean;
}

export function shownImage(row: LabelRow, at: number, { truth, masks }: Options): ShownImage {
  const { key } = row;
  if (isFailed(row)) return { at, key, width: 0, height: 0, failure: row.failure, labels: [] };
  const { width, height, instances } = row;
  const objects = truth?.images.get(key)?.instances.filter(({ crowd }) => !crowd);
  const match = objects === undefined ? undefined : matchTruth(instances, objects);
  return {
    at,
    key,
    width,
    height,
    labels: instances.map((label, index) => ({
      ...ofLabel(label, row, masks),
      ...rightness(match?.isTrue[index]),
    })),
    ...(objects === undefined
      ? {}
      : {
          objects: objects.map((object, index) => ({
            ...ofObject(object, truth?.categories ?? [], masks),
            ...rightness(match?.isFound[index]),
          })),
        }),
  };
}

function rightness(isRight: boolean | undefined): Pick<ShownBox, 'isRight'> {
  return isRight === undefined ? {} : { isRight };
}

function ofLabel({ bbox, score, rle }: StoredLabel, { width, height }: LabeledRow, masks: boolean): ShownBox {
  const runs = masks && rle !== undefined ? { runs: [...rleFromString(rle, height, width).counts] } : {};
  return { box: bbox, score, name: '', ...runs };
}

function ofObject(
  { box, mask, category }: Instance,
  categories: readonly string[],
  masks: boolean,
): ShownBox {
  const [x1, y1, x2, y2] = box;
  return {
    box: [x1, y1, x2 - x1, y2 - y1],
    name: categories[category] ?? '',
    ...(masks && mask !== undefined ? { runs: [...mask.counts] } : {}),
  };
}
