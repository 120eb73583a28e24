import { invalidArgument } from '@cassl/errors';
import { rleFromString, rleToString, toXywh, toXyxy, type Detection, type Xywh } from '@cassl/vision';
import { z } from 'zod';
import type { ImageLocation } from '../dataset.ts';

/** The labels that one checkpoint gave one unlabeled image. */
export interface PseudoLabelRecord {
  /** Names the image in its pool. */
  readonly key: string;
  /** `sha256:<hex>` of the encoded image. */
  readonly digest: string;
  readonly location: ImageLocation;
  readonly width: number;
  readonly height: number;
  /** Best score first is usual, not required; category is 0 for class-agnostic labels. */
  readonly detections: readonly Detection[];
  /** Digest of the checkpoint that made them. */
  readonly checkpoint: string;
  /** Every score is strictly greater. */
  readonly threshold: number;
}

const finite = z.number();
const lineSchema = z.strictObject({
  key: z.string().min(1),
  sha256: z.string(),
  location: z.strictObject({
    store: z.string(),
    key: z.string(),
    range: z.strictObject({ start: z.int().nonnegative(), end: z.int().nonnegative() }).optional(),
  }),
  width: z.int().positive(),
  height: z.int().positive(),
  instances: z.array(
    z.strictObject({
      bbox: z.tuple([finite, finite, finite.positive(), finite.positive()]),
      score: z.number().min(0).max(1),
      category: z.int().nonnegative().optional(),
      rle: z.string().optional(),
    }),
  ),
  checkpoint: z.string(),
  threshold: z.number(),
});

/**
 * One line of a label file (docs: architecture, formats): `bbox` is [x, y, width, height] in pixels of the image, `rle` the
 * COCO compressed counts at the image's size. Coordinates keep hundredths of a pixel, scores six digits.
 */
export function recordToLine(record: PseudoLabelRecord): string {
  const { key, digest, location, width, height, detections, checkpoint, threshold } = record;
  const line: z.infer<typeof lineSchema> = {
    key,
    sha256: digest,
    location,
    width,
    height,
    instances: detections.map(({ box, score, category, mask }) => ({
      bbox: toXywh(box).map((value) => round(value, 100)) as [number, number, number, number],
      score: round(score, 1e6),
      ...(category === 0 ? {} : { category }),
      ...(mask === undefined ? {} : { rle: rleToString(mask) }),
    })),
    checkpoint,
    threshold,
  };
  return JSON.stringify(line);
}

/** @throws INVALID_ARGUMENT naming the field that is wrong. */
export function recordFromLine(text: string): PseudoLabelRecord {
  const parsed = lineSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalidArgument(`pseudo label: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { key, sha256, location, width, height, instances, checkpoint, threshold } = parsed.data;
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`pseudo label: is not JSON: ${text.slice(0, 60)}`, { cause: error });
  }
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
