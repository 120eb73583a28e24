import { z } from 'zod';

const armName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1 to 32 of [a-z0-9-], a letter first');

/** An experiment file. */
export const experimentSchema = z.strictObject({
  /** 1 to 40 of [a-z0-9-]. */
  name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 of [a-z0-9-]'),
  /** What it is about, one sentence. */
  claim: z.string().min(1),
  /** Of the paper's ten trends. */
  trend: z.number().int().min(1).max(10).optional(),
  /** The pipeline that arms change; relative to the experiment file. */
  pipeline: z.string(),
  /** Changes for every arm, as in an arm. */
  set: z.record(z.string(), z.unknown()).default({}),
  seeds: z
    .array(z.number().int().min(0))
    .min(2)
    .max(100)
    .refine((seeds) => new Set(seeds).size === seeds.length, 'must differ from each other'),
  /** Pipelines that differ from the common one in these keys, for example `warmup.iterations: 500`. */
  arms: z
    .record(armName, z.record(z.string(), z.unknown()))
    .refine((arms) => Object.keys(arms).length > 0, 'needs an arm'),
  /** What must be so for the claim to hold; see `parseStatement`. */
  statements: z
    .record(z.string().min(1), z.string())
    .refine((statements) => Object.keys(statements).length > 0, 'needs a statement'),
});

export type ExperimentFile = z.output<typeof experimentSchema>;
