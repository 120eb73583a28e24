import { isFailed, type LabeledRow, type LabelRow, type StoredLabel } from '@cassl/labels';
import { rleFromString, type Instance } from '@cassl/vision';
import type { ShownBox, ShownImage } from '../contract/shown-image.ts';
import { matchTruth } from './match-truth.ts';
import type { Truth } from './truth.ts';

interface Options {
  readonly truth: Truth | undefined;
  readonly masks: boolean;
  /** Labels have the classes of the truth. */
  readonly withClasses: boolean;
}

export function shownImage(row: LabelRow, at: number, { truth, masks, withClasses }: Options): ShownImage {
  const { key } = row;
  if (isFailed(row)) return { at, key, width: 0, height: 0, failure: row.failure, labels: [] };
  const { width, height, instances } = row;
  const objects = truth?.images.get(key)?.instances.filter(({ crowd }) => !crowd);
  const match = objects === undefined ? undefined : matchTruth(instances, objects, withClasses);
  return {
    at,
    key,
    width,
    height,
    labels: instances.map((label, index) => ({
      ...ofLabel(label, row, masks),
      ...(withClasses ? { name: truth?.categories[label.category ?? 0] ?? '' } : {}),
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
