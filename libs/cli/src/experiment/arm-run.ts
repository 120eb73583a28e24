import type { Pipeline, TrainerServiceDefinition, Training } from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';
import type { Metrics } from './judge-statement.ts';
import type { ExperimentArm } from './read-experiment-file.ts';

/** One training of an arm; arms that share it name the same job. */
export interface ArmTraining {
  readonly stage: string;
  readonly training: Training;
}

/** One arm with one seed, ended. */
export interface ArmRun {
  readonly arm: string;
  readonly seed: number;
  readonly pipeline: Pipeline;
  readonly metrics: Metrics;
  readonly trainings: readonly ArmTraining[];
}

/** @throws as the trainer does for a training that it no longer has */
export async function collectArmRun(
  { name, measured }: ExperimentArm,
  seed: number,
  pipeline: Pipeline,
  client: RpcClient<TrainerServiceDefinition>,
): Promise<ArmRun> {
  const stages = pipeline.stages.filter(({ service }) => service === 'trainer');
  const trainings = await Promise.all(
    stages.map(async ({ name: stage, jobId }) => ({ stage, ...(await client.getTraining({ id: jobId })) })),
  );
  return {
    arm: name,
    seed,
    pipeline,
    metrics: metricsOf(pipeline, measured),
    trainings: trainings.flatMap(({ stage, training }) =>
      training === undefined ? [] : [{ stage, training }],
    ),
  };
}

/** Own numbers plain, those of earlier stages as `labeler.`, `warmup.` and `labels.`; fractions of 1. */
function metricsOf({ report }: Pipeline, measured: ExperimentArm['measured']): Metrics {
  if (report === undefined) throw new TypeError('a pipeline that succeeded has a report');
  const { arms, labeler, warmup, pseudoLabels } = report;
  const finetuned = arms.find(({ name }) => name === measured)?.metrics ?? {};
  const means = Object.entries(finetuned).map(([metric, { mean }]) => [metric, mean] as const);
  return {
    ...(measured === 'none' ? warmup : Object.fromEntries(means)),
    ...prefixed('labeler', labeler),
    ...prefixed('warmup', warmup),
    ...prefixed('labels', pseudoLabels),
  };
}

function prefixed(prefix: string, values: Readonly<Record<string, number>>): Metrics {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}
