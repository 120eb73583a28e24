import type { CocoId } from '@cassl/coco';
/** Bits of {@link ImageColumns.gtFlags}. */
export const CROWD = 1;
/** Neither found nor missed: crowds, and people without a labeled keypoint. */
export const IGNORE = 2;
/**
 * The annotation's id is 0. pycocotools marks a detection as matched by storing the annotation's id, so one that finds
 * this annotation counts as unmatched there; results stay comparable only if it does here too.
 */
export const ID_ZERO = 4;

/**
 * One image of an evaluation as columns, which may be longer than their counts (they are scratch space of the readers).
 * Ground truths and detections are in file order: it decides ties.
 */
export interface ImageColumns {
  readonly imageId: CocoId;
  readonly gtCount: number;
  /** Category index; all 0 in a class-agnostic evaluation. */
  readonly gtCategory: Int32Array;
  /** Square pixels, compared with the area ranges. */
  readonly gtArea: Float64Array;
  readonly gtFlags: Uint8Array;
  readonly dtCount: number;
  readonly dtCategory: Int32Array;
  readonly dtScore: Float64Array;
  readonly dtArea: Float64Array;
  readonly overlaps: OverlapKernel;
}

/**
 * Writes the overlap of detection `dts[i]` with ground truth `gts[j]` to `target[i * gtCount + j]`, for the first
 * `dtCount` and `gtCount` of these indices into the image's columns.
 */
export type OverlapKernel = (
  dts: Int32Array,
  dtCount: number,
  gts: Int32Array,
  gtCount: number,
  target: Float64Array,
) => void;
