import { createHash } from 'node:crypto';
import { EvaluationSpec, LabelingSpec, TrainingSpec } from '@cassl/proto';
import { addressIn } from '@cassl/storage';
import type { PlannedStage } from './planned-stage.ts';
import type { StageJob } from './stage-jobs.ts';

/**
 * Stages named by the content of what they do: two pipelines that come to the same job ask for the same id, and the service
 * does it once. What differs without changing the result (alias, tags, output folder) is taken out first.
 */
export function shareStages(
  steps: readonly Omit<PlannedStage, 'jobId'>[],
  outputUri: string,
): readonly PlannedStage[] {
  return steps.map((step) => {
    const kind = step.name.split('/')[0] ?? step.name;
    const jobId = (job: StageJob): string => `${kind}-${digestOf(withFolder(job, ''))}`;
    return {
      ...step,
      jobId,
      job: (ended) => {
        const job = withoutNames(step.job(ended));
        return withFolder(job, folderOf(job) === '' ? '' : addressIn(outputUri, jobId(job)));
      },
    };
  });
}

function withoutNames(job: StageJob): StageJob {
  return job.service === 'trainer' ? { ...job, spec: { ...job.spec, alias: '', tags: {} } } : job;
}

function folderOf(job: StageJob): string {
  return job.service === 'trainer' ? '' : job.spec.outputUri;
}

function withFolder(job: StageJob, outputUri: string): StageJob {
  switch (job.service) {
    case 'trainer':
      return job;
    case 'labeler':
      return { ...job, spec: { ...job.spec, outputUri } };
    case 'evaluator':
      return { ...job, spec: { ...job.spec, outputUri } };
  }
}

function digestOf(job: StageJob): string {
  return createHash('sha256').update(encode(job)).digest('hex').slice(0, 24);
}

function encode({ service, spec }: StageJob): Uint8Array {
  switch (service) {
    case 'trainer':
      return TrainingSpec.encode(spec).finish();
    case 'labeler':
      return LabelingSpec.encode(spec).finish();
    case 'evaluator':
      return EvaluationSpec.encode(spec).finish();
  }
}
