import {
  LabelingSpec,
  LabelMapping,
  MetricKind,
  Stage,
  type EvaluationJob,
  type EvaluationSpec,
  type Initialization,
  type Labeling,
  type LabeledDataset,
  type PipelineSpec,
  type StageSpec,
  type Training,
  type TrainingSpec,
} from '@cassl/proto';

/** What a stage asks of the service that does it. */
export type StageJob =
  | { readonly service: 'trainer'; readonly spec: TrainingSpec }
  | { readonly service: 'labeler'; readonly spec: LabelingSpec }
  | { readonly service: 'evaluator'; readonly spec: EvaluationSpec };

/** What earlier stages made, by stage name. */
export interface EndedStages {
  training(name: string): Training;
  labeling(name: string): Labeling;
  evaluation(name: string): EvaluationJob;
}

/** One stage: it can start once all that it needs has succeeded. */
export interface PlannedStage {
  readonly name: string;
  readonly service: StageJob['service'];
  readonly needs: readonly string[];
  readonly job: (ended: EndedStages) => StageJob;
}

export const ARM_NAMES = ['warmup', 'scratch', 'control'] as const;
export type ArmName = (typeof ARM_NAMES)[number];

const AGNOSTIC_METRICS: MetricKind[] = [
  MetricKind.METRIC_KIND_BBOX_AGNOSTIC,
  MetricKind.METRIC_KIND_SEGM_AGNOSTIC,
];
const ALL_METRICS: MetricKind[] = [
  MetricKind.METRIC_KIND_BBOX,
  MetricKind.METRIC_KIND_SEGM,
  ...AGNOSTIC_METRICS,
];

/**
 * The whole method as a list of stages, in the order in which one machine does them. A pure function of the specification, so
 * that a trainer that restarts, or another one, comes to the same list.
 *
 * Where the threshold is not given, the labeler learns without the held-out images and also labels the pool: what the
 * threshold was chosen for is then the very model that is used, at the price of a fifth of its images.
 */
export function planPipeline(id: string, spec: PipelineSpec): readonly PlannedStage[] {
  const choose = spec.threshold === 0;
  const threshold = (ended: EndedStages): number =>
    choose ? ended.evaluation('threshold').bestThreshold : spec.threshold;
  const labeled = required(spec.labeled, 'labeled');
  const validation = required(spec.validation, 'validation');
  const labeledAgnostic = agnostic(spec.labeledAgnostic ?? labeled);
  const validationAgnostic = agnostic(spec.validationAgnostic ?? validation);
  const heldOut = 1 - (spec.holdoutFraction === 0 ? 0.2 : spec.holdoutFraction);
  const folder = (name: string): string => `${spec.outputUri.replace(/\/$/, '')}/${name}`;

  const stages: PlannedStage[] = [
    {
      name: 'labeler',
      service: 'trainer',
      needs: [],
      job: () =>
        training(id, spec, {
          stage: Stage.STAGE_LABELER,
          how: required(spec.labeler, 'labeler'),
          data: {
            $case: 'labeled',
            value: { ...labeledAgnostic, ...(choose ? { fromFraction: 0, toFraction: heldOut } : {}) },
          },
          initialization: fresh(spec),
          seed: firstSeed(spec),
          alias: `${spec.name}/labeler`,
        }),
    },
    evaluate('evaluate/labeler', 'labeler', validationAgnostic, AGNOSTIC_METRICS, spec, folder),
  ];
  if (choose) {
    stages.push({
      name: 'threshold',
      service: 'evaluator',
      needs: ['labeler'],
      job: (ended) => ({
        service: 'evaluator',
        spec: {
          ...evaluation(ended.training('labeler').checkpointDigest),
          dataset: { ...labeledAgnostic, fromFraction: heldOut, toFraction: 1 },
          metrics: [MetricKind.METRIC_KIND_PSEUDO_LABELS],
          nonOverlap: spec.entities,
        },
      }),
    });
  }
  stages.push({
    name: 'labeling',
    service: 'labeler',
    needs: choose ? ['labeler', 'threshold'] : ['labeler'],
    job: (ended) => ({
      service: 'labeler',
      spec: LabelingSpec.fromPartial({
        checkpoint: ended.training('labeler').checkpointDigest,
        pool: required(spec.unlabeled, 'unlabeled'),
        options: { threshold: threshold(ended), nonOverlap: spec.entities, maxDetections: 0 },
        outputUri: folder('labels'),
        shardSize: spec.shardSize,
      }),
    }),
  });
  const { unlabeledTruth } = spec;
  if (unlabeledTruth !== undefined) {
    stages.push({
      name: 'pseudo-labels',
      service: 'evaluator',
      needs: ['labeling'],
      job: (ended) => ({
        service: 'evaluator',
        spec: {
          ...evaluation(''),
          dataset: agnostic(unlabeledTruth),
          metrics: [MetricKind.METRIC_KIND_PSEUDO_LABELS],
          labelUris: [ended.labeling('labeling').labelSetUri],
          thresholds: [threshold(ended)],
          detached: true,
        },
      }),
    });
  }
  stages.push(
    {
      name: 'warmup',
      service: 'trainer',
      needs: ['labeling'],
      job: (ended) =>
        training(id, spec, {
          stage: Stage.STAGE_WARMUP,
          how: required(spec.warmup, 'warmup'),
          data: {
            $case: 'pseudoLabels',
            value: {
              labelSet: ended.labeling('labeling').labelSetUri,
              labelUris: [],
              images: required(spec.unlabeled, 'unlabeled'),
              threshold: threshold(ended),
            },
          },
          initialization: fresh(spec),
          seed: firstSeed(spec),
          alias: `${spec.name}/warmup`,
        }),
    },
    evaluate('evaluate/warmup', 'warmup', validationAgnostic, AGNOSTIC_METRICS, spec, folder),
  );

  for (const seed of seedsOf(spec)) {
    for (const arm of armsOf(spec)) {
      const name = finetuneName(arm, seed);
      stages.push(
        {
          name,
          service: 'trainer',
          needs: arm === 'warmup' ? ['warmup'] : [],
          job: (ended) =>
            training(id, spec, {
              stage: Stage.STAGE_FINETUNE,
              how: arm === 'control' ? controlStage(spec) : required(spec.finetune, 'finetune'),
              data: { $case: 'labeled', value: labeled },
              initialization:
                arm === 'warmup' ? fromWarmup(spec, ended.training('warmup').checkpointDigest) : fresh(spec),
              seed,
              alias: seed === firstSeed(spec) ? `${spec.name}/${arm === 'warmup' ? 'detector' : arm}` : '',
              tags: { arm },
            }),
        },
        evaluate(`evaluate/${name}`, name, validation, ALL_METRICS, spec, folder),
      );
    }
  }
  return stages;
}

/** Seeds of the compared arms. */
export function seedsOf(spec: PipelineSpec): readonly number[] {
  return spec.seeds.length === 0 ? [1] : spec.seeds;
}

export function armsOf(spec: PipelineSpec): readonly ArmName[] {
  return spec.control ? ARM_NAMES : ARM_NAMES.slice(0, 2);
}

export function finetuneName(arm: ArmName, seed: number): string {
  return `finetune/${arm}/${seed}`;
}

/** Deterministic, so that starting a stage twice starts it once. */
export function stageJobId(pipelineId: string, stage: string): string {
  return `${pipelineId}-${stage.replaceAll('/', '-')}`;
}

interface TrainingParts {
  readonly stage: Stage;
  readonly how: StageSpec;
  readonly data: NonNullable<TrainingSpec['data']>;
  readonly initialization: Initialization;
  readonly seed: number;
  readonly alias: string;
  readonly tags?: Readonly<Record<string, string>>;
}

function training(pipelineId: string, spec: PipelineSpec, parts: TrainingParts): StageJob {
  const { stage, how, data, initialization, seed, alias, tags } = parts;
  return {
    service: 'trainer',
    spec: {
      stage,
      model: how.model ?? spec.model,
      data,
      schedule: how.schedule,
      augmentation: how.augmentation,
      initialization,
      seed,
      checkpointEvery: 0,
      alias,
      bf16: spec.bf16,
      gpus: spec.gpus,
      nodes: spec.nodes,
      ranks: spec.ranks,
      tags: { pipeline: pipelineId, ...tags },
    },
  };
}

function evaluate(
  name: string,
  of: string,
  dataset: LabeledDataset,
  metrics: MetricKind[],
  spec: PipelineSpec,
  folder: (name: string) => string,
): PlannedStage {
  return {
    name,
    service: 'evaluator',
    needs: [of],
    job: (ended) => ({
      service: 'evaluator',
      spec: {
        ...evaluation(ended.training(of).checkpointDigest),
        dataset,
        metrics,
        outputUri: folder(`detections/${of}`),
        nonOverlap: spec.entities && metrics === AGNOSTIC_METRICS,
      },
    }),
  };
}

function evaluation(checkpoint: string): EvaluationSpec {
  return {
    checkpoint,
    dataset: undefined,
    metrics: [],
    labelUris: [],
    outputUri: '',
    thresholds: [],
    detached: false,
    nonOverlap: false,
  };
}

function fresh(spec: PipelineSpec): Initialization {
  return {
    checkpoint: '',
    parts: [],
    classifier: 'CLASSIFIER_INITIALIZATION_UNSPECIFIED',
    backboneUri: spec.backboneUri,
  };
}

function fromWarmup(spec: PipelineSpec, checkpoint: string): Initialization {
  return { checkpoint, parts: spec.parts, classifier: spec.classifier, backboneUri: spec.backboneUri };
}

/** As many iterations as the three stages together, otherwise as finetuning. */
function controlStage(spec: PipelineSpec): StageSpec {
  const finetune = required(spec.finetune, 'finetune');
  const schedule = required(finetune.schedule, 'finetune.schedule');
  const iterations = [spec.labeler, spec.warmup, spec.finetune].reduce(
    (sum, stage) => sum + (stage?.schedule?.iterations ?? 0),
    0,
  );
  const stretch = iterations / schedule.iterations;
  const milestones = schedule.milestones.map((milestone) => Math.round(milestone * stretch));
  return { ...finetune, schedule: { ...schedule, iterations, milestones } };
}

function agnostic(dataset: LabeledDataset): LabeledDataset {
  return { ...dataset, labels: LabelMapping.LABEL_MAPPING_AGNOSTIC };
}

function firstSeed(spec: PipelineSpec): number {
  return seedsOf(spec)[0] ?? 1;
}

// checkPipelineSpec has refused requests that lack one of these.
function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new TypeError(`PipelineSpec.${field} is missing`);
  return value;
}
