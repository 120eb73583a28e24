import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, errorMessage } from '@cassl/errors';
import {
  cancelledStatus,
  checkJobId,
  failedStatus,
  isEnded,
  jobProgress,
  queuedStatus,
  startedStatus,
  succeededStatus,
  type JobRecords,
} from '@cassl/jobs';
import { JobState, PipelineSpec, type JobStatus, type Pipeline, type PipelineStage } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { checkPipelineSpec } from './check-pipeline-spec.ts';
import { planPipeline, stageJobId, type EndedStages, type PlannedStage } from './plan-pipeline.ts';
import { reportPipeline } from './report-pipeline.ts';
import { stageResult, stageStatus, type StageRecord, type StageServices } from './stage-services.ts';

export interface Pipelines {
  start(id: string, spec: PipelineSpec | undefined): Promise<Pipeline>;
  require(id: string): Pipeline;
  list(): readonly Pipeline[];
  watch(id: string, signal: AbortSignal): AsyncIterable<Pipeline>;
  cancel(id: string): Promise<Pipeline>;
  stop(): Promise<void>;
}

export interface PipelinesOptions {
  readonly records: JobRecords<Pipeline>;
  readonly services: StageServices;
  readonly logger: Logger;
  /** Stages of one pipeline that may run at the same time. */
  readonly parallelStages: number;
  readonly pollMs: number;
  readonly onChange: (pipeline: Pipeline) => void;
}

/**
 * Pipelines as reconcile loops: look at the record and at the jobs of its stages, start what can start, write down what
 * changed, again. Nothing is remembered outside of records, so whatever is killed, the next look finds the way on.
 */
export function runPipelines(options: PipelinesOptions): Pipelines {
  const { records, services, logger, pollMs, onChange } = options;
  const stopping = new AbortController();
  const loops = new Map<string, Promise<void>>();

  const follow = async (id: string): Promise<void> => {
    // Ended jobs never change, so each is fetched once.
    const ended = new Map<string, StageRecord>();
    while (!stopping.signal.aborted && !isEnded(records.require(id).status)) {
      try {
        await reconcile(id, ended);
      } catch (error) {
        logger.warn({ pipeline: id, err: error }, 'cannot go on now, trying again');
      }
      await delay(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  const reconcile = async (id: string, ended: Map<string, StageRecord>): Promise<void> => {
    const pipeline = records.require(id);
    const spec = pipeline.spec;
    if (spec === undefined) throw new TypeError('a kept pipeline has a specification');
    const plan = planPipeline(id, spec);
    let running = 0;
    for (const stage of plan) {
      const known = pipeline.stages.find(({ name }) => name === stage.name);
      if (known !== undefined && isEnded(known.status) && ended.has(stage.name)) continue;
      const canStart = stage.needs.every((name) => ended.has(name)) && running < options.parallelStages;
      if (known === undefined && !canStart) continue;
      const record = await lookAt(id, stage, known, ended);
      const status = stageStatus(record);
      if (isEnded(status)) {
        if (status.state !== JobState.JOB_STATE_SUCCEEDED) return fail(id, stage, record);
        ended.set(stage.name, record);
      } else {
        running += 1;
      }
      note(id, plan, stage, record);
    }
    if (plan.every(({ name }) => ended.has(name))) {
      const report = reportPipeline(records.require(id), endedStages(ended));
      const done = records.change(id, (now) => ({ ...now, status: succeededStatus(statusOf(now)), report }));
      await records.flush(id);
      onChange(done);
    }
  };

  /** Reads the stage's job, or starts it where it is not there: after a crash between the two it may be either way. */
  const lookAt = async (
    id: string,
    stage: PlannedStage,
    known: PipelineStage | undefined,
    ended: Map<string, StageRecord>,
  ): Promise<StageRecord> => {
    const jobId = stageJobId(id, stage.name);
    if (known !== undefined) {
      try {
        return await services.get(stage.service, jobId);
      } catch (error) {
        if (errorCode(error) !== 'NOT_FOUND') throw error;
      }
    }
    return services.start(jobId, stage.job(endedStages(ended)));
  };

  const note = (
    id: string,
    plan: readonly PlannedStage[],
    stage: PlannedStage,
    record: StageRecord,
  ): void => {
    const entry: PipelineStage = {
      name: stage.name,
      jobId: stageJobId(id, stage.name),
      status: stageStatus(record),
      result: stageResult(record),
      service: stage.service,
    };
    const before = records.require(id);
    const old = before.stages.find(({ name }) => name === stage.name);
    if (old !== undefined && JSON.stringify(old) === JSON.stringify(entry)) return;
    const changed = records.change(id, (now) => {
      const stages = [...now.stages.filter(({ name }) => name !== stage.name), entry];
      const order = new Map(plan.map(({ name }, index) => [name, index]));
      stages.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
      return { ...now, status: { ...statusOf(now), progress: progressOf(plan, stages) }, stages };
    });
    onChange(changed);
  };

  const fail = async (id: string, stage: PlannedStage, record: StageRecord): Promise<void> => {
    const status = stageStatus(record);
    const error =
      status.state === JobState.JOB_STATE_CANCELLED
        ? { code: 'CANCELLED', message: `stage ${stage.name} was cancelled` }
        : {
            code: status.error?.code ?? 'UNKNOWN',
            message: `stage ${stage.name}: ${status.error?.message ?? 'failed without a reason'}`,
          };
    const failed = records.change(id, (now) => ({ ...now, status: failedStatus(statusOf(now), error) }));
    await records.flush(id);
    onChange(failed);
  };

  const run = (id: string): void => {
    const loop = follow(id).catch((error: unknown) =>
      logger.error({ pipeline: id, err: error }, 'pipeline loop ended'),
    );
    loops.set(
      id,
      loop.finally(() => loops.delete(id)),
    );
  };

  for (const pipeline of records.list()) {
    const id = statusOf(pipeline).id;
    if (isEnded(pipeline.status)) continue;
    logger.info({ pipeline: id }, 'going on with a pipeline that an earlier process began');
    records.change(id, (now) => ({ ...now, status: startedStatus(statusOf(now)) }));
    run(id);
  }

  return {
    async start(id, spec) {
      checkJobId('PipelineServiceStartRequest.id', id);
      const checked = await checkPipelineSpec(id, spec);
      const kept = PipelineSpec.encode(checked).finish();
      const total = planPipeline(id, checked).length;
      const fresh: Pipeline = {
        status: startedStatus(queuedStatus(id, { total, unit: 'stages' })),
        spec: checked,
        stages: [],
        report: undefined,
      };
      const same = (known: Pipeline): boolean =>
        known.spec !== undefined && Buffer.compare(kept, PipelineSpec.encode(known.spec).finish()) === 0;
      const { job, created } = await records.create(id, fresh, same);
      if (created) run(id);
      return job;
    },
    require: (id) => records.require(id),
    list: () => records.list(),
    watch: (id, signal) => records.watch(id, signal),
    async cancel(id) {
      const pipeline = records.require(id);
      if (isEnded(pipeline.status)) return pipeline;
      const cancelled = records.change(id, (now) => ({ ...now, status: cancelledStatus(statusOf(now)) }));
      await records.flush(id);
      for (const stage of cancelled.stages) {
        if (isEnded(stage.status)) continue;
        await services
          .cancel(stage.service as StageRecord['service'], stage.jobId)
          .catch((error: unknown) => {
            logger.warn(
              { pipeline: id, stage: stage.name, reason: errorMessage(error) },
              'cannot cancel a stage',
            );
          });
      }
      onChange(cancelled);
      return cancelled;
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops.values());
    },
  };
}

function progressOf(
  plan: readonly PlannedStage[],
  stages: readonly PipelineStage[],
): ReturnType<typeof jobProgress> {
  const done = stages.filter(({ status }) => isEnded(status)).length;
  const active = stages.filter(({ status }) => !isEnded(status)).map(({ name }) => name);
  return jobProgress({ done, total: plan.length, unit: 'stages', message: active.join(', ') });
}

function endedStages(ended: ReadonlyMap<string, StageRecord>): EndedStages {
  const find = <S extends StageRecord['service']>(
    service: S,
    name: string,
  ): Extract<StageRecord, { service: S }> => {
    const record = ended.get(name);
    if (record?.service !== service) throw new TypeError(`stage ${name} was not done by the ${service}`);
    return record as Extract<StageRecord, { service: S }>;
  };
  return {
    training: (name) => find('trainer', name).job,
    labeling: (name) => find('labeler', name).job,
    evaluation: (name) => find('evaluator', name).job,
  };
}

function statusOf(pipeline: Pipeline): JobStatus {
  return pipeline.status ?? queuedStatus('');
}
