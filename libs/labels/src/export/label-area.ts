import { isEmptyRleString, rleStringArea } from '@cassl/vision';
import type { LabeledRow, StoredLabel } from '../file/label-row.ts';

/** Whether its box and its mask have an area: without one no format can hold it. */
export function hasArea({ bbox, rle }: StoredLabel, { width, height }: LabeledRow): boolean {
  if (!(bbox[2] > 0 && bbox[3] > 0)) return false;
  return rle === undefined || !isEmptyRleString(rle, height, width);
}

/** Pixels of the mask, or of the box where there is none. */
export function areaOf({ bbox, rle }: StoredLabel, { width, height }: LabeledRow): number {
  return rle === undefined ? bbox[2] * bbox[3] : rleStringArea(rle, height, width);
}
