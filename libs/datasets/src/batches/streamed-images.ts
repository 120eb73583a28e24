import { dataLoss } from '@cassl/errors';
import { isFailed, openLabelSet, recordOf, type LabeledRow, type LabelSet } from '@cassl/labels';
import type { LabeledImage, LabelSetDataset } from '../dataset.ts';
import { trainingImage } from '../pseudo-labels/training-image.ts';
import { createShardOrder, lastAtMost, type ShuffleBuffer } from './shard-order.ts';
import type { ImagesToTrain, ImagesToTrainOptions } from './images-to-train.ts';
import { isTrainable } from './training-sample.ts';

/** 64 label files of 256 images; gzip packs masks about to a third, so that a window takes some 100 MB. */
const BUFFER: ShuffleBuffer = { images: 16_384, bytes: 32 * 2 ** 20 };
/** The window in use, the one that is read ahead, and shards beside them that a mosaic or a replaced image needs. */
const WINDOWS_KEPT = 2.5;

/** The images of a label set, read by label files as the order needs them, a window ahead. */
export function streamedImages(
  set: LabelSetDataset,
  { seed, masks }: ImagesToTrainOptions,
  buffer: ShuffleBuffer = BUFFER,
): ImagesToTrain {
  const parts = set.parts.map((part) => ({
    ...part,
    images: masks === 'require' ? part.masked : part.images,
  }));
  const first = firstsOf(parts.map(({ images }) => images));
  const shards = createShardOrder(parts, seed, buffer);
  const choice = { threshold: set.threshold, categories: set.isAgnostic ? undefined : set.categories };
  const imageOf = (row: LabeledRow, id: number): LabeledImage | undefined =>
    trainingImage(recordOf(row), id, choice);

  let opened: Promise<LabelSet> | undefined;
  /** The rows of a label file that are trained on, as text: an eighth of what they take as objects. */
  const read = async (index: number): Promise<readonly string[]> => {
    const { digest, images } = parts[index]!;
    const labels = await (opened ??= openLabelSet(set.labelSet));
    const rows: string[] = [];
    for await (const row of labels.rowsOf({ digest })) {
      if (isFailed(row)) continue;
      const image = imageOf(row, 0);
      if (image !== undefined && isTrainable(image, masks)) rows.push(JSON.stringify(row));
    }
    if (rows.length === images) return rows;
    throw dataLoss(`label file ${digest}: has ${rows.length} images to train on instead of ${images}`);
  };

  const kept = new Map<number, Promise<readonly string[]>>();
  const held = { images: 0, bytes: 0 };
  const count = (index: number, sign: 1 | -1): void => {
    held.images += sign * parts[index]!.images;
    held.bytes += sign * parts[index]!.bytes;
  };
  const forget = (index: number): void => {
    if (kept.delete(index)) count(index, -1);
  };
  const rowsOf = (index: number): Promise<readonly string[]> => {
    let rows = kept.get(index);
    if (rows === undefined) {
      count(index, 1);
      rows = read(index);
      // What could not be read is asked for again; the one who waits for it is told.
      rows.catch(() => forget(index));
    } else kept.delete(index);
    kept.set(index, rows);
    for (const oldest of kept.keys()) {
      const isOver = held.images > WINDOWS_KEPT * buffer.images || held.bytes > WINDOWS_KEPT * buffer.bytes;
      if (!isOver || oldest === index) break;
      forget(oldest);
    }
    return rows;
  };
  return {
    length: first.at(-1)!,
    order: {
      at(position) {
        const ahead = shards.upcoming(position).find((shard) => !kept.has(shard));
        if (ahead !== undefined) void rowsOf(ahead).catch(() => undefined);
        return shards.at(position);
      },
    },
    async at(index) {
      const part = lastAtMost(first, index, (start) => start);
      const rows = await rowsOf(part);
      const row = JSON.parse(rows[index - first[part]!]!) as LabeledRow;
      return imageOf(row, index + 1)!;
    },
  };
}

/** The first image of each part, and the number of all. */
function firstsOf(counts: readonly number[]): number[] {
  const first = [0];
  for (const images of counts) first.push(first.at(-1)! + images);
  return first;
}
