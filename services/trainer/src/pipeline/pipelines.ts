import { errorCode, errorMessage, unavailable } from '@cassl/errors';
import { isEnded, queuedStatus, type JobOwner, type Jobs } from '@cassl/jobs';
import { JobState, type Pipeline, type PipelineSpec } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { checkPipelineId, checkPipelineSpec } from './check-pipeline-spec.ts';
import { planPipeline, stageJobId } from './plan-pipeline.ts';
import type { ServiceName, StageServices } from './stage-services.ts';

/** Pipelines as clients see them; the work is `runPipeline`'s. */
export interface Pipelines extends Pick<Jobs<Pipeline>, 'get' | 'list' | 'watch'> {
  start(id: string, spec: PipelineSpec | undefined, owner?: JobOwner): Promise<Pipeline>;
  /** Ends the pipeline and the stages it is in. @throws UNAVAILABLE where a stage cannot be reached; it can be asked again */
  cancel(id: string): Promise<Pipeline>;
  /** Goes on at the stages that did not succeed. */
  resume(id: string, owner?: JobOwner): Promise<Pipeline>;
}

export interface PipelinesOptions {
  readonly jobs: Jobs<Pipeline>;
  readonly services: StageServices;
  readonly logger: Logger;
}

export function openPipelines({ jobs, services, logger }: PipelinesOptions): Pipelines {
  return {
    get: (id) => jobs.get(id),
    list: () => jobs.list(),
    watch: (id, signal) => jobs.watch(id, signal),
    async start(id, spec, owner) {
      checkPipelineId(id);
      const checked = await checkPipelineSpec(spec);
      const total = planPipeline(id, checked).length;
      const status = queuedStatus(id, { total, unit: 'stages' });
      return jobs.start(id, { status, spec: checked, stages: [], report: undefined }, owner);
    },
    async cancel(id) {
      const pipeline = await jobs.cancel(id);
      // Also of one that was cancelled before: the first request may have ended half way.
      if (pipeline.spec === undefined || pipeline.status?.state !== JobState.JOB_STATE_CANCELLED)
        return pipeline;
      const going: string[] = [];
      for (const { name, service, jobId } of stagesOf(id, pipeline)) {
        await services.cancel(service, jobId).catch((error: unknown) => {
          if (errorCode(error) === 'NOT_FOUND') return;
          logger.warn({ pipeline: id, stage: name, reason: errorMessage(error) }, 'cannot cancel a stage');
          going.push(`${name} (${errorMessage(error)})`);
        });
      }
      if (going.length === 0) return pipeline;
      throw unavailable(`${id} is cancelled, but may still be in ${going.join(', ')}: cancel it again`);
    },
    resume: (id, owner) => jobs.resume(id, withoutUnfinished, owner),
  };
}

function withoutUnfinished(pipeline: Pipeline): Pipeline {
  const stages = pipeline.stages.filter(({ status }) => status?.state === JobState.JOB_STATE_SUCCEEDED);
  return { ...pipeline, stages };
}

interface StageToCancel {
  readonly name: string;
  readonly service: ServiceName;
  readonly jobId: string;
}

/** All that may be running. Shared stages have names only once they have begun; their leader cancels the youngest itself. */
function stagesOf(id: string, { spec, stages }: Pipeline): readonly StageToCancel[] {
  if (spec === undefined) return [];
  if (spec.shareStages) {
    return stages
      .filter(({ status }) => !isEnded(status))
      .map(({ name, service, jobId }) => ({ name, service: service as ServiceName, jobId }));
  }
  return planPipeline(id, spec).map(({ name, service }) => ({ name, service, jobId: stageJobId(id, name) }));
}
