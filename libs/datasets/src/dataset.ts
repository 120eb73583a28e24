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
