import { z } from 'zod';

const positive = z.number().positive();
const count = z.number().int().min(1);

const modelSchema = z
  .strictObject({
    /** A preset of the detector; any further key is one of its settings (see `DetectorConfig`). */
    preset: z.string(),
    settings: z.record(z.string(), z.unknown()).default({}),
  })
  .describe('model');

const stageSchema = z.strictObject({
  iterations: count,
  batchSize: count.default(16),
  learningRate: positive.default(1e-3),
  weightDecay: z.number().min(0).default(0.05),
  /** Steps of linear rise at the start. */
  warmupIterations: z.number().int().min(0).default(50),
  decay: z.enum(['cosine', 'multistep']).default('cosine'),
  milestones: z.array(count).default([]),
  optimizer: z.enum(['adamw', 'sgd']).default('adamw'),
  /** Global gradient norm limit; 0 = none. */
  clipNorm: z.number().min(0).default(0),
  /** Factor on the rate of the weights that the warmup gave; only finetuning has such. */
  inheritedRate: z.number().gt(0).max(1).default(1),
  /** A policy of `@cassl/datasets`. */
  augmentation: z.string().default('jitter'),
  /** Where the stage's detector is not the pipeline's. */
  model: modelSchema.optional(),
});

const scenesSchema = z.strictObject({
  labeled: count.default(100),
  unlabeled: count.default(800),
  val: count.default(200),
  size: z.number().int().min(32).max(1024).default(128),
  seed: z.number().int().min(0).default(0),
});

const labeledSchema = z.strictObject({
  annotations: z.string(),
  images: z.string(),
  /** Panoptic PNGs; only with `kind: panoptic`. */
  segments: z.string().optional(),
  kind: z.enum(['instances', 'panoptic']).default('instances'),
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(0).default(0),
});

/** Exactly one of scenes, coco and the explicit four. Paths are relative to the working directory. */
const dataSchema = z
  .strictObject({
    /** Made on the spot. */
    scenes: scenesSchema.optional(),
    /** A folder in COCO's layout: train2017, unlabeled2017, val2017, annotations. */
    coco: z.string().optional(),
    labeled: labeledSchema.optional(),
    unlabeled: z.string().optional(),
    validation: labeledSchema.optional(),
    unlabeledTruth: labeledSchema.optional(),
    /** Use at most this many unlabeled images; 0 = all. */
    unlabeledLimit: z.number().int().min(0).default(0),
  })
  .prefault({});

const softTeacherSchema = z.strictObject({
  /** Of finetuning's images a step, how many are unlabeled; 0 = four fifths. */
  batchSize: z.number().int().min(0).default(0),
  /** Of the unlabeled loss. */
  weight: z.number().min(0).max(100).default(4),
  /** Score that the teacher's labels must pass. */
  threshold: z.number().gt(0).lt(1).default(0.5),
  /** What the teacher keeps of itself in a step, from some steps on. */
  momentum: z.number().gt(0).lt(1).default(0.999),
});

/** A pipeline file. */
export const pipelineSchema = z.strictObject({
  /** 1 to 64 of [a-z0-9-]; aliases start with it. */
  name: z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be 1 to 64 of [a-z0-9-]'),
  data: dataSchema,
  labels: z.enum(['category', 'supercategory']).default('category'),
  model: modelSchema,
  /** Backbone weights (safetensors, torchvision names) for fresh starts; passed over where the file is missing. */
  backbone: z.string().optional(),
  labeler: stageSchema,
  warmup: stageSchema,
  finetune: stageSchema,
  /** Score that pseudo labels must pass; `auto` = the best F1 on held-out labeled images, `scores` = from the labels' scores alone. */
  threshold: z.union([z.enum(['auto', 'scores']), z.number().gt(0).lt(1)]).default('auto'),
  /** Share of the labeled images held out to choose the threshold. */
  holdout: z.number().gt(0).max(0.5).default(0.2),
  /** Rounds of labeler, labels and warmup; each labeler after the first is the model warmed up before, finetuned. */
  rounds: z.number().int().min(1).max(10).default(1),
  /** Things and stuff, non-overlapping, instead of objects: stages 1 and 2 learn from panoptic labels. */
  entities: z.boolean().default(false),
  /** Finetuning and its measures are panoptic: every segment by its class, things and stuff. */
  panoptic: z.boolean().default(false),
  /** Comparator: labeler, labels and warmup keep the classes. */
  classSpecific: z.boolean().default(false),
  /** Comparators: the warmup learns from the truth of the unlabeled images, or from the labeled ones. */
  warmupLabels: z.enum(['pseudo', 'truth', 'labeled']).default('pseudo'),
  /** Which arms; `none` ends with the warmed-up model. Default: warmup and scratch, and control where it is asked for. */
  arms: z.array(z.enum(['warmup', 'scratch', 'control', 'joint', 'none'])).default([]),
  /** How the arm `joint` learns: a Soft Teacher with as many iterations as the three stages together, no warmup. */
  softTeacher: softTeacherSchema.optional(),
  seeds: z.array(z.number().int().min(0)).min(1).default([1]),
  /** A third arm: no warmup, as many iterations as the three stages together. */
  control: z.boolean().default(false),
  /** How one class becomes K (paper, Table 9). */
  classifier: z.enum(['replicate', 'random']).default('replicate'),
  parts: z.array(z.enum(['backbone', 'neck', 'head', 'classifier'])).default([]),
  bf16: z.boolean().default(false),
  /** GPUs a node for every training, a process each; 0 = one, where there is one. What is learned does not depend on it. */
  gpus: z.number().int().min(0).max(64).default(0),
  /** Machines for every training, 0 = one; more need trainings as Kubernetes Jobs. */
  nodes: z.number().int().min(0).max(1024).default(0),
  /** Instead of gpus: processes on the CPU cores of a node. */
  ranks: z.number().int().min(0).max(256).default(0),
  /** Images a labeling shard. */
  shardSize: z.number().int().min(1).max(4096).default(64),
});

export type PipelineFile = z.output<typeof pipelineSchema>;
