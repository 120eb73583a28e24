import type {
  Aggregate,
  EvaluationJob,
  JobStatus,
  Pipeline,
  PipelineArm,
  PipelineReport,
} from '@cassl/proto';
import { armsOf, seedsOf } from './arms.ts';
import {
  choosesByScores,
  finetuneName,
  planPipeline,
  thresholdOf,
  type EndedStages,
} from './plan-pipeline.ts';

/** Names in reports, by the evaluator's names. */
const METRICS = {
  boxAP: 'bbox/AP',
  boxAP50: 'bbox/AP50',
  boxAPAgnostic: 'bbox-agnostic/AP',
  maskAP: 'segm/AP',
  maskAP50: 'segm/AP50',
  maskAPAgnostic: 'segm-agnostic/AP',
  PQ: 'panoptic/PQ',
  PQThings: 'panoptic/PQth',
  PQStuff: 'panoptic/PQst',
} as const;

/** What a pipeline found, from the jobs of its ended stages. */
export function reportPipeline(pipeline: Pipeline, ended: EndedStages): PipelineReport {
  const { spec, status } = pipeline;
  if (spec === undefined || status === undefined)
    throw new TypeError('a kept pipeline has a specification and a status');
  const plan = planPipeline(status.id, spec);
  const has = (name: string): boolean => plan.some((stage) => stage.name === name);

  const finetuned = armsOf(spec).filter((name) => name !== 'none');
  const arms = finetuned.map((name): PipelineArm => {
    const runs = seedsOf(spec).map((seed) => finetuneName(name, seed));
    const evaluations = runs.map((run) => ended.evaluation(`evaluate/${run}`));
    return {
      name,
      metrics: Object.fromEntries(
        Object.entries(METRICS).flatMap(([metric, key]) => {
          const values = evaluations.map((job) => metricOf(job, key)).filter((value) => value !== undefined);
          return values.length === 0 ? [] : [[metric, aggregate(values)]];
        }),
      ),
      checkpointDigests: runs.map((run) => ended.training(run).checkpointDigest),
    };
  });

  const early = (name: 'labeler' | 'warmup'): Record<string, number> =>
    has(name) ? metricsOf(ended.evaluation(`evaluate/${name}`)) : {};
  const [lastTraining] = plan.filter(({ service }) => service === 'trainer').slice(-1);
  return {
    arms,
    labeler: early('labeler'),
    warmup: early('warmup'),
    pseudoLabels: has('labeling')
      ? {
          threshold: choosesByScores(spec)
            ? thresholdOf(spec, ended)
            : (ended.labeling('labeling').spec?.options?.threshold ?? 0),
          ...(has('pseudo-labels') ? pseudoLabelQuality(ended.evaluation('pseudo-labels')) : {}),
        }
      : {},
    timings: Object.fromEntries(pipeline.stages.map(({ name, status: stage }) => [name, secondsOf(stage)])),
    engine: lastTraining === undefined ? '' : ended.training(lastTraining.name).engine,
  };
}

function pseudoLabelQuality(job: EvaluationJob): Record<string, number> {
  const [quality] = job.sweep;
  if (quality === undefined) return {};
  const { precision, recall, f1 } = quality;
  return { precision, recall, f1, ...metricsOf(job) };
}

/** All that were measured: class-agnostic models and labels have two. */
function metricsOf(job: EvaluationJob): Record<string, number> {
  const entries = Object.entries(METRICS).map(([metric, key]) => [metric, metricOf(job, key)] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is [keyof typeof METRICS, number] => entry[1] !== undefined),
  );
}

function metricOf(job: EvaluationJob, name: string): number | undefined {
  return job.evaluation?.metrics[name];
}

/** Mean and sample standard deviation. */
export function aggregate(values: readonly number[]): Aggregate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const std = values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
  return { mean, std, seeds: [...values] };
}

function secondsOf(status: JobStatus | undefined): number {
  const start = status?.startedAt?.getTime();
  const end = status?.finishedAt?.getTime();
  return start === undefined || end === undefined ? 0 : (end - start) / 1000;
}
