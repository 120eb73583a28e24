import {
  AnnotationKind,
  LabelingSpec,
  MetricKind,
  Stage,
  ThresholdRule,
  WarmupLabels,
  type LabeledDataset,
  type PipelineSpec,
} from '@cassl/proto';
import { addressIn } from '@cassl/storage';
import { USUAL_OPTIONS } from '@cassl/workers/inference-options';
import { armsOf, warmsUp, seedsOf, type ArmName } from './arms.ts';
import type { EndedStages, PlannedStage } from './planned-stage.ts';
import { nameRound, roundStage } from './name-round.ts';
import { shareStages } from './share-stages.ts';
import {
  collapsed,
  controlStage,
  evaluationJob,
  evaluationOf,
  freshStart,
  fromWarmup,
  jointStage,
  required,
  trainingJob,
  type TrainingParts,
} from './stage-jobs.ts';
import { stageDataOf, type StageData } from './stage-data.ts';

export type { EndedStages, PlannedStage } from './planned-stage.ts';

type Step = Omit<PlannedStage, 'jobId'>;

const AGNOSTIC_METRICS: readonly MetricKind[] = [
  MetricKind.METRIC_KIND_BBOX_AGNOSTIC,
  MetricKind.METRIC_KIND_SEGM_AGNOSTIC,
];
const ALL_METRICS: readonly MetricKind[] = [
  MetricKind.METRIC_KIND_BBOX,
  MetricKind.METRIC_KIND_SEGM,
  ...AGNOSTIC_METRICS,
];

interface Plan {
  readonly id: string;
  readonly spec: PipelineSpec;
  readonly data: StageData;
  readonly folder: (name: string) => string;
}

/**
 * The whole method as a list of stages, in the order in which one machine does them. A pure function of the specification, so
 * that a trainer that restarts, or another one, comes to the same list.
 */
export function planPipeline(id: string, spec: PipelineSpec): readonly PlannedStage[] {
  const folder = (name: string): string => addressIn(spec.outputUri, name);
  const plan: Plan = { id, spec, data: stageDataOf(spec), folder };
  const steps = [
    ...(warmsUp(spec) ? roundsOf(plan) : []),
    ...seedsOf(spec).flatMap((seed) =>
      armsOf(spec).flatMap((arm) => (arm === 'none' ? [] : finetuneSteps(plan, arm, seed))),
    ),
  ];
  if (spec.shareStages) return shareStages(steps, spec.outputUri);
  return steps.map((step) => ({ ...step, jobId: () => stageJobId(id, step.name) }));
}

/** Every round but the last under names of its own; each labeler after the first begins as the model that was warmed up before. */
function roundsOf(plan: Plan): readonly Step[] {
  const rounds = Math.max(1, plan.spec.rounds);
  return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) => {
    const before = round === 1 ? undefined : roundStage('warmup', round - 1);
    const steps = [...labelingSteps(plan, before), ...warmupSteps(plan)];
    return round === rounds ? steps : nameRound(steps, round);
  });
}

/**
 * Where the threshold is not given, the labeler learns without the held-out images and also labels the pool: what the
 * threshold was chosen for is then the very model that is used, at the price of a fifth of its images.
 */
function labelingSteps(plan: Plan, before: string | undefined): readonly Step[] {
  const { id, spec, data, folder } = plan;
  if (usesTruth(spec)) return [];
  const choose = spec.threshold === 0 && !choosesByScores(spec);
  const [learned, heldOut] = choose ? holdOut(data.labeled, spec.holdoutFraction || 0.2) : [data.labeled];
  const labeler: Step = {
    name: 'labeler',
    service: 'trainer',
    needs: before === undefined ? [] : [before],
    job: (ended) =>
      trainingJob(id, spec, {
        stage: Stage.STAGE_LABELER,
        how: required(spec.labeler, 'labeler'),
        data: { $case: 'labeled', value: learned },
        initialization: {
          ...freshStart(spec),
          checkpoint: before === undefined ? '' : ended.training(before).checkpointDigest,
        },
        seed: firstSeed(spec),
        alias: `${spec.name}/labeler`,
      }),
  };
  const chooseThreshold: Step = {
    name: 'threshold',
    service: 'evaluator',
    needs: ['labeler'],
    job: (ended) => ({
      service: 'evaluator',
      spec: {
        ...evaluationOf(ended.training('labeler').checkpointDigest),
        dataset: collapsed(required(heldOut, 'labeled')),
        metrics: [MetricKind.METRIC_KIND_PSEUDO_LABELS],
        nonOverlap: spec.entities,
      },
    }),
  };
  const labeling: Step = {
    name: 'labeling',
    service: 'labeler',
    needs: choose ? ['labeler', 'threshold'] : ['labeler'],
    job: (ended) => ({
      service: 'labeler',
      spec: LabelingSpec.fromPartial({
        checkpoint: ended.training('labeler').checkpointDigest,
        pool: required(spec.unlabeled, 'unlabeled'),
        options: {
          threshold: choosesByScores(spec) ? USUAL_OPTIONS.threshold : thresholdOf(spec, ended),
          nonOverlap: spec.entities,
          classSpecific: spec.classSpecific,
        },
        outputUri: folder('labels'),
        shardSize: spec.shardSize,
      }),
    }),
  };
  const chooseByScores: Step = {
    name: 'threshold',
    service: 'evaluator',
    needs: ['labeling'],
    job: (ended) => ({
      service: 'evaluator',
      spec: {
        ...evaluationOf(''),
        metrics: [MetricKind.METRIC_KIND_LABEL_SCORES],
        labelUris: [ended.labeling('labeling').labelSetUri],
        detached: true,
      },
    }),
  };
  const { poolTruth } = data;
  const quality: Step = {
    name: 'pseudo-labels',
    service: 'evaluator',
    needs: labelsReady(spec),
    job: (ended) => ({
      service: 'evaluator',
      spec: {
        ...evaluationOf(''),
        dataset: poolTruth,
        metrics: [MetricKind.METRIC_KIND_PSEUDO_LABELS, ...AGNOSTIC_METRICS],
        labelUris: [ended.labeling('labeling').labelSetUri],
        thresholds: [thresholdOf(spec, ended)],
        detached: true,
      },
    }),
  };
  return [
    labeler,
    evaluateEarly(plan, 'labeler'),
    ...(choose ? [chooseThreshold] : []),
    labeling,
    ...(choosesByScores(spec) ? [chooseByScores] : []),
    ...(poolTruth === undefined ? [] : [quality]),
  ];
}

/** Cuts the end off a slice, which may be a slice itself: what follows it is nobody's to learn from. */
function holdOut(labeled: LabeledDataset, fraction: number): readonly [LabeledDataset, LabeledDataset] {
  const end = labeled.toFraction === 0 ? 1 : labeled.toFraction;
  const cut = end - (end - labeled.fromFraction) * fraction;
  return [
    { ...labeled, toFraction: cut },
    { ...labeled, fromFraction: cut, toFraction: end },
  ];
}

function warmupSteps(plan: Plan): readonly Step[] {
  const { id, spec, data } = plan;
  const warmup: Step = {
    name: 'warmup',
    service: 'trainer',
    needs: usesTruth(spec) ? [] : labelsReady(spec),
    job: (ended) =>
      trainingJob(id, spec, {
        stage: Stage.STAGE_WARMUP,
        how: required(spec.warmup, 'warmup'),
        data: usesTruth(spec)
          ? { $case: 'labeled', value: data.warmupTruth }
          : {
              $case: 'pseudoLabels',
              value: {
                labelSet: ended.labeling('labeling').labelSetUri,
                labelUris: [],
                images: required(spec.unlabeled, 'unlabeled'),
                threshold: thresholdOf(spec, ended),
                classSpecific: spec.classSpecific,
              },
            },
        initialization: freshStart(spec),
        seed: firstSeed(spec),
        alias: `${spec.name}/warmup`,
      }),
  };
  return [warmup, evaluateEarly(plan, 'warmup')];
}

function finetuneSteps(plan: Plan, arm: ArmName, seed: number): readonly Step[] {
  const { id, spec, folder } = plan;
  const name = finetuneName(arm, seed);
  const finetune: Step = {
    name,
    service: 'trainer',
    needs: arm === 'warmup' ? ['warmup'] : [],
    job: (ended) =>
      trainingJob(id, spec, {
        stage: Stage.STAGE_FINETUNE,
        ...howOf(spec, arm),
        data: { $case: 'labeled', value: required(spec.labeled, 'labeled') },
        initialization:
          arm === 'warmup' ? fromWarmup(spec, ended.training('warmup').checkpointDigest) : freshStart(spec),
        seed,
        alias: seed === firstSeed(spec) ? `${spec.name}/${arm === 'warmup' ? 'detector' : arm}` : '',
        tags: { arm },
      }),
  };
  const evaluate: Step = {
    name: `evaluate/${name}`,
    service: 'evaluator',
    needs: [name],
    job: (ended) =>
      evaluationJob(ended.training(name).checkpointDigest, {
        dataset: required(spec.validation, 'validation'),
        metrics: finetunedMetrics(spec),
        outputUri: folder(`detections/${name}`),
        nonOverlap: false,
      }),
  };
  return [finetune, evaluate];
}

function howOf(spec: PipelineSpec, arm: ArmName): Pick<TrainingParts, 'how' | 'softTeacher'> {
  if (arm === 'joint') return jointStage(spec);
  return { how: arm === 'control' ? controlStage(spec) : required(spec.finetune, 'finetune') };
}

function finetunedMetrics({ validation }: PipelineSpec): readonly MetricKind[] {
  const isPanoptic = validation?.kind === AnnotationKind.ANNOTATION_KIND_PANOPTIC;
  return isPanoptic ? [...ALL_METRICS, MetricKind.METRIC_KIND_PANOPTIC] : ALL_METRICS;
}

/** Labeler and warmed-up model: class-agnostic, except where the comparator keeps classes. */
function evaluateEarly({ spec, data, folder }: Plan, of: 'labeler' | 'warmup'): Step {
  return {
    name: `evaluate/${of}`,
    service: 'evaluator',
    needs: [of],
    job: (ended) =>
      evaluationJob(ended.training(of).checkpointDigest, {
        dataset: data.validation,
        metrics: spec.classSpecific ? ALL_METRICS : AGNOSTIC_METRICS,
        outputUri: folder(`detections/${of}`),
        nonOverlap: spec.entities,
      }),
  };
}

/** The threshold is chosen after labeling, from the labels' scores. */
export function choosesByScores({ threshold, thresholdRule }: PipelineSpec): boolean {
  return threshold === 0 && thresholdRule === ThresholdRule.THRESHOLD_RULE_SCORES;
}

/** What must have ended before labels can be learned from. */
function labelsReady(spec: PipelineSpec): readonly string[] {
  return choosesByScores(spec) ? ['labeling', 'threshold'] : ['labeling'];
}

export function thresholdOf(spec: PipelineSpec, ended: EndedStages): number {
  return spec.threshold === 0 ? ended.evaluation('threshold').bestThreshold : spec.threshold;
}

/** The warmup learns from labels that are there: nobody has to make any. */
export function usesTruth({ warmupLabels }: Pick<PipelineSpec, 'warmupLabels'>): boolean {
  return (
    warmupLabels === WarmupLabels.WARMUP_LABELS_TRUTH || warmupLabels === WarmupLabels.WARMUP_LABELS_LABELED
  );
}

export function finetuneName(arm: ArmName, seed: number): string {
  return `finetune/${arm}/${seed}`;
}

export function stageJobId(pipelineId: string, stage: string): string {
  return `${pipelineId}-${stage.replaceAll('/', '-')}`;
}

function firstSeed(spec: PipelineSpec): number {
  return seedsOf(spec)[0] ?? 1;
}
