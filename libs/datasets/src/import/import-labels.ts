import { createHash } from 'node:crypto';
import { errorCode, errorMessage, isCasslError, outlook } from '@cassl/errors';
import {
  writeLabelFile,
  writeLabelSet,
  type FailedImage,
  type LabelFileEntry,
  type LabelRecord,
  type WrittenLabelSet,
} from '@cassl/labels';
import type { ObjectStore } from '@cassl/storage';
import type { Dataset, LabeledImage } from '../dataset.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { readImageBytes } from '../read-image.ts';

/** Who made labels that come from outside. */
export interface ImportedTeacher {
  /** `sha256:<hex>` of the file that holds them. */
  readonly digest: string;
  /** Of an open-vocabulary teacher, in order. */
  readonly prompts: readonly string[];
  /** SPDX id or a name, '' where unknown. */
  readonly licence: string;
}

export interface ImportLabelsOptions {
  readonly teacher: ImportedTeacher;
  /** Where the label set is written. */
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
  /** Images of one label file. @default 4096 */
  readonly shardSize?: number;
}

const READERS = 8;

/**
 * Makes a label set of a data set's annotations, as if a teacher had labeled its images: crowds are left out, an annotation without a score
 * has 1. Every image is read once for its digest; one that cannot be read is a row with its reason.
 * @throws UNAVAILABLE, DEADLINE_EXCEEDED where the store of the images is away
 */
export async function importLabels(
  { images, digest }: Dataset,
  { teacher, store, signal, shardSize = 4096 }: ImportLabelsOptions,
): Promise<WrittenLabelSet> {
  const ordered = [...images].sort((a, b) => (a.key < b.key ? -1 : 1));
  async function* files(): AsyncGenerator<LabelFileEntry> {
    for (let first = 0; first < ordered.length; first += shardSize) {
      signal.throwIfAborted();
      const shard = ordered.slice(first, first + shardSize);
      const rows = await mapConcurrently(shard, { limit: READERS, signal }, (image) =>
        rowOf(image, teacher.digest),
      );
      yield await writeLabelFile(store, rows, { signal });
    }
  }
  const { prompts, licence } = teacher;
  const source = {
    manifest: digest,
    teacher: { digest: teacher.digest, kind: 'import' as const, prompts: [...prompts], licence },
    options: {},
    scoreFloor: 0,
  };
  return writeLabelSet(store, { threshold: 0, sources: [source] }, files(), signal);
}

async function rowOf(image: LabeledImage, checkpoint: string): Promise<LabelRecord | FailedImage> {
  const { key, location, width, height, instances } = image;
  try {
    const digest = `sha256:${createHash('sha256')
      .update(await readImageBytes(location))
      .digest('hex')}`;
    const detections = instances
      .filter(({ crowd }) => !crowd)
      .map(({ box, category, mask, score = 1 }) => ({
        box,
        category,
        score,
        ...(mask === undefined ? {} : { mask }),
      }));
    return { key, digest, location, width, height, detections, checkpoint, threshold: 0 };
  } catch (error) {
    if (!isCasslError(error) || outlook(errorCode(error)) === 'outage') throw error;
    return { key, location, failure: { code: errorCode(error), message: errorMessage(error) } };
  }
}
