import type { CocoId } from '@cassl/coco';
import type { ImageLocation } from '@cassl/labels';
import type { Instance } from '@cassl/vision';
import type { DropReport } from './drop-report.ts';

export type { ImageLocation };

export interface LabeledImage {
  /** COCO's image id as its file has it, a bigint beyond 2^53; a running number from 1 where the source has none. */
  readonly id: CocoId;
  /** Names the image in reports and pseudo labels: its file name. */
  readonly key: string;
  readonly location: ImageLocation;
  readonly width: number;
  readonly height: number;
  readonly instances: readonly Instance[];
}

export interface DatasetCategory {
  /** Contiguous, 0-based: what `Instance.category` holds. */
  readonly index: number;
  readonly name: string;
  /** The source's category ids that became this one. */
  readonly sourceIds: readonly CocoId[];
  /** False for stuff; absent where the source does not tell things from stuff. */
  readonly isThing?: boolean;
}

/** A labeled image set: plain data, safe to send to a worker thread. Images are read when they are used. */
export interface Dataset {
  readonly images: readonly LabeledImage[];
  readonly categories: readonly DatasetCategory[];
  readonly report: DropReport;
  /** `sha256:<hex>` over the labels and the images: two data sets train alike exactly when it is equal. */
  readonly digest: string;
}

/** A label file of a {@link LabelSetDataset} with something to train on. */
export interface LabelSetPart {
  /** `sha256:<hex>` of the file. */
  readonly digest: string;
  readonly bytes: number;
  /** Images that keep a label. */
  readonly images: number;
  /** Those of them that keep one with a mask. */
  readonly masked: number;
}

/** A label set as a training set, however large: plain data with one entry a label file. Labels and images are read when they are used. */
export interface LabelSetDataset {
  readonly labelSet: string;
  readonly parts: readonly LabelSetPart[];
  readonly threshold: number;
  readonly categories: readonly DatasetCategory[];
  /** The labels' own classes are not looked at. */
  readonly isAgnostic: boolean;
  readonly report: DropReport;
  /** As `Dataset.digest`. */
  readonly digest: string;
}

export type TrainingSet = Dataset | LabelSetDataset;

export function isLabelSetDataset(set: TrainingSet): set is LabelSetDataset {
  return 'labelSet' in set;
}

export function imageCountOf(set: TrainingSet): number {
  return isLabelSetDataset(set) ? set.report.images.kept : set.images.length;
}
