import type { ImageLocation } from '../dataset.ts';

export interface FoundImage {
  readonly location: ImageLocation;
  /** Of the encoded file. */
  readonly sizeBytes: number;
}

/** Why a name leads to no image. */
export interface NoImage {
  readonly reason: string;
  readonly detail: string;
}
