import { rleFromString, toXyxy, type Detection, type Xywh } from '@cassl/vision';
import type { ImageLocation } from '../image-location.ts';
import type { FailedRow, LabeledRow, LabelRow } from './label-row.ts';
import { SCORE_STEPS, storedLabel } from './stored-label.ts';

/** The labels that one teacher gave one image. */
export interface LabelRecord {
  /** Names the image in its pool. */
  readonly key: string;
  /** `sha256:<hex>` of the encoded image. */
  readonly digest: string;
  readonly location: ImageLocation;
  readonly width: number;
  readonly height: number;
  /** Best score first is usual, not required; category is 0 for class-agnostic labels. */
  readonly detections: readonly Detection[];
  /** Digest of the teacher that made them: a checkpoint's, or another's. */
  readonly checkpoint: string;
  /** The floor: every score is strictly greater. */
  readonly threshold: number;
}

/** An image that could not be labeled. */
export interface FailedImage {
  readonly key: string;
  readonly location: ImageLocation;
  /** A gRPC status name and a sentence, the same whenever the same image fails. */
  readonly failure: { readonly code: string; readonly message: string };
}

/**
 * A label file's row: coordinates keep hundredths of a pixel, scores six digits, labels without an area are left out. What is a row
 * already stays as it is.
 */
export function rowOf(image: LabelRecord | FailedImage | LabeledRow): LabelRow {
  if ('instances' in image) return image;
  return 'failure' in image ? failedRow(image) : labeledRow(image);
}

function labeledRow(record: LabelRecord): LabeledRow {
  const { key, digest, location, width, height, detections, checkpoint, threshold } = record;
  return {
    key,
    sha256: digest,
    location,
    width,
    height,
    instances: detections.flatMap((detection) => storedLabel(detection, record) ?? []),
    checkpoint,
    // Thresholds come over the wire as float32, where 0.05 is 0.05000000074505806.
    threshold: Math.round(threshold * SCORE_STEPS) / SCORE_STEPS,
  };
}

function failedRow({ key, location, failure: { code, message } }: FailedImage): FailedRow {
  return { key, location, failure: { code, message } };
}

/** @throws INVALID_ARGUMENT for a mask that does not cover its image. */
export function recordOf(row: LabeledRow): LabelRecord {
  const { key, sha256, location, width, height, instances, checkpoint, threshold } = row;
  const { range, ...place } = location;
  return {
    key,
    digest: sha256,
    location: range === undefined ? place : { ...place, range },
    width,
    height,
    detections: instances.map(({ bbox, score, category = 0, rle }) => ({
      box: toXyxy(bbox as Xywh),
      score,
      category,
      ...(rle === undefined ? {} : { mask: rleFromString(rle, height, width) }),
    })),
    checkpoint,
    threshold,
  };
}
