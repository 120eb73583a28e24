import { z } from 'zod';

const flag = z
  .enum(['true', 'false', '1', '0', ''])
  .transform((text) => text !== 'false' && text !== '0')
  .meta({ type: 'boolean', enum: undefined });

/** Those that `?draw` alone says. */
export const FLAGS: readonly string[] = ['masks', 'non_overlap', 'draw'];

/** Query and form fields of `POST /v1/detect`; what a form says goes before what the address says. */
export const detectQuery = z.strictObject({
  model: z.string().min(1).optional().meta({
    description: 'Alias or digest of a checkpoint. Left out: the first of CASSL_PINNED_MODELS.',
  }),
  threshold: z.coerce.number().min(0).lt(1).optional().meta({
    description: 'Findings with a score above it are answered. Left out: 0.05.',
  }),
  max_detections: z.coerce.number().int().min(1).max(1000).optional().meta({
    description: 'At most that many. Left out: 100.',
  }),
  masks: flag.optional().meta({ description: 'Masks where the model has them. Left out: true.' }),
  non_overlap: flag.optional().meta({ description: 'Masks that do not overlap. Left out: false.' }),
  priority: z.coerce.number().int().min(1).max(9).optional().meta({
    description: 'Order among waiting images: 1 is first, 9 last. Left out: 5.',
  }),
  draw: flag
    .optional()
    .meta({ description: 'Answer a PNG with the findings drawn, as `Accept: image/png` does.' }),
});

export type DetectQuery = z.output<typeof detectQuery>;

const coordinate = z.number().meta({ description: 'Pixels of the original image.' });

/** The answer. */
export const detectAnswer = z.strictObject({
  model: z.strictObject({
    name: z.string(),
    digest: z.string().meta({ description: 'sha256 of the checkpoint that answered.' }),
  }),
  image: z.strictObject({ width: z.int(), height: z.int() }),
  detections: z
    .array(
      z.strictObject({
        box: z.strictObject({ x1: coordinate, y1: coordinate, x2: coordinate, y2: coordinate }),
        score: z.number().min(0).max(1),
        category_id: z.int(),
        category: z.string(),
        mask: z
          .strictObject({ size: z.tuple([z.int(), z.int()]), counts: z.string() })
          .optional()
          .meta({ description: "COCO's compressed run lengths; size is [height, width]." }),
      }),
    )
    .meta({ description: 'By falling score.' }),
  timing: z.strictObject({
    batch_size: z.int(),
    queue_ms: z.number(),
    input_ms: z.number(),
    compute_ms: z.number(),
    output_ms: z.number(),
  }),
});

export type DetectAnswer = z.output<typeof detectAnswer>;
