import {
  LabelMapping,
  SoftTeacher,
  type EvaluationSpec,
  type Initialization,
  type LabeledDataset,
  type LabelingSpec,
  type MetricKind,
  type PipelineSpec,
  type Stage,
  type StageSpec,
  type TrainingSpec,
} from '@cassl/proto';

/** What a stage asks of the service that does it. */
export type StageJob =
  | { readonly service: 'trainer'; readonly spec: TrainingSpec }
  | { readonly service: 'labeler'; readonly spec: LabelingSpec }
  | { readonly service: 'evaluator'; readonly spec: EvaluationSpec };

export interface TrainingParts {
  readonly stage: Stage;
  readonly how: StageSpec;
  readonly data: NonNullable<TrainingSpec['data']>;
  readonly initialization: Initialization;
  readonly seed: number;
  readonly alias: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly softTeacher?: SoftTeacher | undefined;
}

export function trainingJob(pipelineId: string, spec: PipelineSpec, parts: TrainingParts): StageJob {
  const { stage, how, data, initialization, seed, alias, tags, softTeacher } = parts;
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
      softTeacher,
    },
  };
}

/** An evaluation of nothing yet. */
export function evaluationOf(checkpoint: string): EvaluationSpec {
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

export interface MeasuredOn {
  readonly dataset: LabeledDataset;
  readonly metrics: readonly MetricKind[];
  readonly outputUri: string;
  readonly nonOverlap: boolean;
}

export function evaluationJob(checkpoint: string, { metrics, ...measured }: MeasuredOn): StageJob {
  return {
    service: 'evaluator',
    spec: { ...evaluationOf(checkpoint), ...measured, metrics: [...metrics] },
  };
}

export function freshStart(spec: PipelineSpec): Initialization {
  return {
    checkpoint: '',
    parts: [],
    classifier: 'CLASSIFIER_INITIALIZATION_UNSPECIFIED',
    backboneUri: spec.backboneUri,
  };
}

export function fromWarmup(spec: PipelineSpec, checkpoint: string): Initialization {
  return { checkpoint, parts: spec.parts, classifier: spec.classifier, backboneUri: spec.backboneUri };
}

/** As many iterations as the three stages together, of all rounds, otherwise as finetuning. */
export function controlStage(spec: PipelineSpec): StageSpec {
  const finetune = required(spec.finetune, 'finetune');
  const schedule = required(finetune.schedule, 'finetune.schedule');
  const iterationsOf = (stage: StageSpec | undefined): number => stage?.schedule?.iterations ?? 0;
  const round = iterationsOf(spec.labeler) + iterationsOf(spec.warmup);
  const iterations = round * Math.max(1, spec.rounds) + schedule.iterations;
  const stretch = iterations / schedule.iterations;
  const milestones = schedule.milestones.map((milestone) => Math.round(milestone * stretch));
  return { ...finetune, schedule: { ...schedule, iterations, milestones } };
}

/** The joint training of as many iterations as the control, and as many images a step, some of them unlabeled. */
export function jointStage(spec: PipelineSpec): {
  readonly how: StageSpec;
  readonly softTeacher: SoftTeacher;
} {
  const how = controlStage(spec);
  const schedule = required(how.schedule, 'finetune.schedule');
  const given = spec.softTeacher ?? SoftTeacher.fromPartial({});
  const batchSize = unlabeledOf(given, schedule.batchSize);
  return {
    how: { ...how, schedule: { ...schedule, batchSize: schedule.batchSize - batchSize } },
    softTeacher: { ...given, unlabeled: required(spec.unlabeled, 'unlabeled'), batchSize },
  };
}

/** Of a step's images, at least one of either kind. */
export function unlabeledOf({ batchSize }: Pick<SoftTeacher, 'batchSize'>, images: number): number {
  return batchSize === 0 ? Math.max(1, Math.min(images - 1, Math.floor((images * 4) / 5))) : batchSize;
}

export function collapsed(dataset: LabeledDataset): LabeledDataset {
  return { ...dataset, labels: LabelMapping.LABEL_MAPPING_AGNOSTIC };
}

// checkPipelineSpec has refused requests that lack one of these.
export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new TypeError(`PipelineSpec.${field} is missing`);
  return value;
}
