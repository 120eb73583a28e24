import { invalidArgument } from '@cassl/errors';
import { z } from 'zod';

// A label set is JSON lines: a header, one line per label file in manifest order, and a last line of totals. Nothing in it
// depends on when, where or at which attempt a shard was done, so that its sha256 names the labels and nothing else.

const LABEL_SET_FORMAT = 'cassl-label-set/1';
/** Each answer about a set has them all: more would no longer fit into one. */
const MAX_SOURCES = 1024;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 lower-case hex digits');
const count = z.int().nonnegative();
/** The index of 10^6 images holds 700,000 of them: by a schema for each number they took more than half of the time to open it. */
const counts = z.custom<readonly number[]>(areCounts, 'must be whole numbers that are not negative');

const teacherSchema = z.strictObject({
  /** What labeled: a checkpoint's digest, a model file's, or that of an endpoint's description. */
  digest,
  kind: z.enum(['checkpoint', 'onnx', 'open-inference', 'import']),
  /** Of open-vocabulary teachers, in order. */
  prompts: z.array(z.string()),
  /** SPDX id or a name, '' where unknown. */
  licence: z.string(),
});

const sourceSchema = z.strictObject({
  /** Digest of the pool manifest that was labeled. */
  manifest: digest,
  teacher: teacherSchema,
  /** What else decides the labels: `nonOverlap`, `maxDetections` and the like. */
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Labels at or below it were never kept. */
  scoreFloor: z.number().min(0).max(1),
});

const headerSchema = z.strictObject({
  format: z.literal(LABEL_SET_FORMAT),
  /** Only labels strictly above it belong to the set, whatever more its files hold. */
  threshold: z.number().min(0).max(1),
  /** Who labeled what; several after a merge. */
  sources: z.array(sourceSchema).max(MAX_SOURCES, `must be at most ${MAX_SOURCES}`),
});

const fileSchema = z.strictObject({
  /** sha256 of the label file, which lies beside the index as `<hex>.jsonl.gz`. */
  digest,
  bytes: count,
  /** Index into the header's sources. */
  source: count,
  /** Least and greatest image key in the file, by code units; both '' for a file of no image. */
  keys: z.tuple([z.string(), z.string()]),
  images: count,
  /** Images with a label above the set's threshold. */
  labeled: count,
  empty: count,
  failed: count,
  /** Labels above the set's threshold. */
  labels: count,
  /** All scores of the file, by hundredths (see score-histogram.ts), whatever the threshold. */
  scores: counts,
  /** Of each image its best score. */
  best: counts,
});

const totalsSchema = z.strictObject({
  files: count,
  images: count,
  labeled: count,
  empty: count,
  failed: count,
  labels: count,
});

export type Teacher = Readonly<z.infer<typeof teacherSchema>>;
export type LabelSource = Readonly<z.infer<typeof sourceSchema>>;
export type LabelSetHeader = Readonly<Omit<z.infer<typeof headerSchema>, 'format'>>;
export type LabelFileEntry = Readonly<z.infer<typeof fileSchema>>;
export type LabelSetTotals = Readonly<z.infer<typeof totalsSchema>>;

function areCounts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && (one as number) >= 0);
}

/** Keys in the order of the schema, so that equal values are equal bytes whoever built them. */
export function headerLine({ threshold, sources }: LabelSetHeader): string {
  const ordered = sources.map(({ options, ...source }) => ({
    ...source,
    options: Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))),
  }));
  return line(headerSchema, { format: LABEL_SET_FORMAT, threshold, sources: ordered }, 'header');
}

export function fileLine(entry: LabelFileEntry): string {
  return line(fileSchema, entry, 'file');
}

export function totalsLine(totals: LabelSetTotals): string {
  return `{"totals":${line(totalsSchema, totals, 'totals')}}`;
}

export function parseHeader(text: string): LabelSetHeader {
  const { threshold, sources } = parse(headerSchema, text, 'header');
  return { threshold, sources };
}

/** A label file's line, or the totals that end the set. */
export function parseEntry(text: string): LabelFileEntry | { readonly totals: LabelSetTotals } {
  return text.startsWith('{"totals"')
    ? parse(z.strictObject({ totals: totalsSchema }), text, 'totals')
    : parse(fileSchema, text, 'file');
}

function line<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): string {
  return JSON.stringify(checked(schema, value, what));
}

/** How its bytes begin, read as text. */
const GZIP = '\u001f';

function parse<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const isCompressed = text.startsWith(GZIP);
    const found = isCompressed
      ? 'it is compressed, as the label files of a set are; a set is named by its index'
      : JSON.stringify(text.slice(0, 60));
    throw invalidArgument(`label set: the ${what} line is not JSON: ${found}`, { cause });
  }
  return checked(schema, value, what);
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidArgument(`label set: ${what}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}
