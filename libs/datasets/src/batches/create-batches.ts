import { errorMessage, failedPrecondition, invalidArgument } from '@cassl/errors';
import type { TrainingSample } from '@cassl/vision';
import type { Augmentation } from '../augment/augmentation.ts';
import { createAugmentation, type AugmentPolicy } from '../augment/create-augmentation.ts';
import type { TrainingSet } from '../dataset.ts';
import type { DropReport } from '../drop-report.ts';
import { createRandom } from '../random.ts';
import { loadImage } from '../read-image.ts';
import { consecutivePositions, groupedPositions } from './batch-positions.ts';
import { createImageCache } from './image-cache.ts';
import { trainableImages } from './trainable-images.ts';
import { createSample } from './training-sample.ts';
import { unreadableReport, type UnreadableImage } from './unreadable-images.ts';

export interface CreateBatchesOptions {
  readonly dataset: TrainingSet;
  /** Images in a batch, at least 1. */
  readonly batchSize: number;
  /** A policy by name (plain data, so it can travel to a worker) or a function of your own. */
  readonly augment: AugmentPolicy | Augmentation;
  /** Pixels; what it measures depends on the policy (see `augmentPolicies`). */
  readonly size: number;
  /** Decides order and augmentation: the same seed gives the same batches. */
  readonly seed: number;
  /** Batches of the whole training; policies that grow stronger reach full strength there. @default full strength */
  readonly totalBatches?: number | undefined;
  /** Puts wide and other images into batches of their own (less padding). @default false */
  readonly aspectGrouping?: boolean | undefined;
  /** `require` leaves out instances without a mask, `drop` leaves out the masks. @default 'keep' */
  readonly masks?: 'keep' | 'require' | 'drop' | undefined;
  /**
   * One of several processes that share every batch: it gets the images of its rank, some the same number or one more than
   * others, and all parts in order are the batch of one process. @default all
   */
  readonly part?: BatchShare | undefined;
  /** Decoded images kept in memory, bytes. @default 512 MiB */
  readonly cacheBytes?: number | undefined;
}

export interface BatchShare {
  /** 0 to size - 1. */
  readonly rank: number;
  /** At most `batchSize`. */
  readonly size: number;
}

export interface Batches extends AsyncIterable<readonly TrainingSample[]> {
  /** Batch `index` of the endless stream: a pure function of the data set, the options and the index. */
  at(index: number): Promise<readonly TrainingSample[]>;
  /** The endless stream from batch `start` on: training resumed there sees exactly what it would have seen. */
  from(start: number): AsyncGenerator<readonly TrainingSample[], never>;
  /** Images with something to learn from; the rest never shows. */
  readonly imageCount: number;
  /** Images that turned out to be unreadable, in the order in which they were found; another took their place each time. */
  readonly unreadable: readonly UnreadableImage[];
  report(): DropReport;
}

const defaultCacheBytes = 512 * 1024 * 1024;

/**
 * Endless shuffled, augmented training batches.
 * @throws INVALID_ARGUMENT for a bad batch size, or aspect grouping of a label set, FAILED_PRECONDITION where no image has a trainable label; `at` throws
 *   FAILED_PRECONDITION where no image can be read any more.
 */
export function createBatches(options: CreateBatchesOptions): Batches {
  const { dataset, batchSize, seed, size, totalBatches, masks = 'keep' } = options;
  const { part = { rank: 0, size: 1 } } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw invalidArgument(`batches: batchSize must be a whole number of at least 1, got ${batchSize}`);
  }
  if (!(part.size >= 1 && part.size <= batchSize && part.rank >= 0 && part.rank < part.size)) {
    throw invalidArgument(
      `batches: part must be a rank below its size and a size of at most batchSize ${batchSize}, got rank ${part.rank} of ${part.size}`,
    );
  }
  const images = trainableImages(dataset, { seed, masks });
  const { order } = images;
  const isGrouped = options.aspectGrouping === true;
  if (isGrouped && images.isWide === undefined) {
    throw invalidArgument('batches: aspectGrouping needs a data set in memory, this is a label set');
  }
  const augment =
    typeof options.augment === 'string' ? createAugmentation(options.augment, size) : options.augment;
  const isWide = (index: number): boolean => images.isWide?.(index) ?? false;
  const positions = isGrouped
    ? groupedPositions(batchSize, (position) => isWide(order.at(position)))
    : consecutivePositions(batchSize);
  const cache = createImageCache(options.cacheBytes ?? defaultCacheBytes);
  const unreadable: UnreadableImage[] = [];
  const isUnreadable = new Set<number>();

  const tryLoad = async (index: number): Promise<TrainingSample | undefined> => {
    if (isUnreadable.has(index)) return undefined;
    const image = await images.at(index);
    try {
      return createSample(image, await cache.get(index, () => loadImage(image)), masks);
    } catch (error) {
      // Samples of one batch are loaded side by side and may come upon the same image.
      if (!isUnreadable.has(index)) unreadable.push([index, errorMessage(error)]);
      isUnreadable.add(index);
      return undefined;
    }
  };

  /** The image at the position, or the next readable one of its shape: the same one every time. */
  const sampleAt = async (position: number): Promise<TrainingSample> => {
    const wanted = order.at(position);
    for (let step = 0; step < images.length; step++) {
      const index = (wanted + step) % images.length;
      if (isGrouped && isWide(index) !== isWide(wanted)) continue;
      const sample = await tryLoad(index);
      if (sample !== undefined) return sample;
    }
    throw failedPrecondition(`batches: none of the ${images.length} images can be read any more`);
  };

  const augmentedAt = async (position: number, batch: number): Promise<TrainingSample> => {
    const sample = await sampleAt(position);
    return augment(sample, createRandom(seed, 'augment', position), {
      progress: totalBatches === undefined ? 1 : Math.min(1, batch / totalBatches),
      earlierCount: position,
      earlier: (steps) => sampleAt(position - steps),
    });
  };

  const at = (batch: number): Promise<readonly TrainingSample[]> =>
    Promise.all(
      positions
        .at(batch)
        .slice(...partOf(batchSize, part))
        .map((position) => augmentedAt(position, batch)),
    );
  async function* from(start: number): AsyncGenerator<readonly TrainingSample[], never> {
    for (let batch = start; ; batch++) yield await at(batch);
  }
  return {
    at,
    from,
    [Symbol.asyncIterator]: () => from(0),
    imageCount: images.length,
    unreadable,
    report: () => unreadableReport(dataset, images.length, unreadable),
  };
}

/** First slot of the part, and the one after its last. */
function partOf(batchSize: number, { rank, size }: BatchShare): [first: number, end: number] {
  const start = (at: number): number => Math.floor((at * batchSize) / size);
  return [start(rank), start(rank + 1)];
}
