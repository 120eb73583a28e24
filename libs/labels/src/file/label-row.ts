import { invalidArgument } from '@cassl/errors';
import { z } from 'zod';
import { isUsualRow } from './is-usual-row.ts';

// A line of a label file as it stands there: masks stay text, so that what only counts, filters or passes labels on never
// decodes a mask.

const locationSchema = z.strictObject({
  store: z.string(),
  key: z.string(),
  range: z.strictObject({ start: z.int().nonnegative(), end: z.int().nonnegative() }).optional(),
});

const labelSchema = z.strictObject({
  /** [x, y, width, height], pixels. A width or height of 0 is read (older writers left some) and never trained on. */
  bbox: z.tuple([z.number(), z.number(), z.number().nonnegative(), z.number().nonnegative()]),
  score: z.number().min(0).max(1),
  category: z.int().nonnegative().optional(),
  /** COCO compressed counts at the image's size. */
  rle: z.string().optional(),
});

const labeledSchema = z.strictObject({
  key: z.string().min(1),
  sha256: z.string(),
  location: locationSchema,
  width: z.int().positive(),
  height: z.int().positive(),
  instances: z.array(labelSchema),
  checkpoint: z.string(),
  threshold: z.number(),
});

const failedSchema = z.strictObject({
  key: z.string().min(1),
  location: locationSchema,
  failure: z.strictObject({ code: z.string(), message: z.string() }),
});

export type StoredLabel = z.infer<typeof labelSchema>;
/** An image that was labeled, with labels or without. */
export type LabeledRow = z.infer<typeof labeledSchema>;
/** An image that could not be labeled, and why. */
export type FailedRow = z.infer<typeof failedSchema>;
export type LabelRow = LabeledRow | FailedRow;

export function isFailed(row: LabelRow): row is FailedRow {
  return 'failure' in row;
}

/** @throws INVALID_ARGUMENT naming the field that is wrong. */
export function parseRow(line: string): LabelRow {
  const value = parseJson(line);
  if (isUsualRow(value)) return value as LabeledRow;
  const isFailure = typeof value === 'object' && value !== null && 'failure' in value;
  const parsed = (isFailure ? failedSchema : labeledSchema).safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidArgument(`pseudo label: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** Editors put it in front of what they save as UTF-8, and joined files have it in the middle. */
const BYTE_ORDER_MARK = '\ufeff';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch (error) {
    throw invalidArgument(`pseudo label: is not JSON: ${text.slice(0, 60)}`, { cause: error });
  }
}
