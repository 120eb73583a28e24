import type { Aggregate, Pipeline, PipelineArm } from '@cassl/proto';
import type { UnusedData } from './collect-unused.ts';

/** `report.json`: numbers are fractions of 1, times are seconds. */
export interface ReportJson {
  readonly id: string;
  readonly name: string;
  readonly engine: string;
  readonly arms: Readonly<Record<string, Readonly<Record<string, Aggregate>>>>;
  readonly labeler: Readonly<Record<string, number>>;
  readonly warmup: Readonly<Record<string, number>>;
  readonly pseudoLabels: Readonly<Record<string, number>>;
  readonly timings: Readonly<Record<string, number>>;
  /** Checkpoint digests of every arm, in order of the seeds. */
  readonly checkpoints: Readonly<Record<string, readonly string[]>>;
  /** Images and annotations that trainings left out or changed, and why. */
  readonly unused?: UnusedData;
}

export function toReportJson({ status, spec, report }: Pipeline): ReportJson {
  if (report === undefined) throw new TypeError('a pipeline that succeeded has a report');
  const byArm = <T>(value: (arm: PipelineArm) => T): Record<string, T> =>
    Object.fromEntries(report.arms.map((arm) => [arm.name, value(arm)]));
  return {
    id: status?.id ?? '',
    name: spec?.name ?? '',
    engine: report.engine,
    arms: byArm(({ metrics }) => metrics),
    labeler: report.labeler,
    warmup: report.warmup,
    pseudoLabels: report.pseudoLabels,
    timings: report.timings,
    checkpoints: byArm(({ checkpointDigests }) => checkpointDigests),
  };
}
