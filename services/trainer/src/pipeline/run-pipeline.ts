import { setTimeout as delay } from 'node:timers/promises';
import { CasslError, errorCode, errorMessage, outlook, type ErrorCode } from '@cassl/errors';
import {
  FinalError,
  isEnded,
  jobProgress,
  LostLead,
  queuedStatus,
  withMessage,
  type Lead,
} from '@cassl/jobs';
import { JobState, type Pipeline, type PipelineStage } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import type { CheckPipeline } from './check-pipeline.ts';
import { planPipeline, type EndedStages, type PlannedStage } from './plan-pipeline.ts';
import { reportPipeline } from './report-pipeline.ts';
import {
  stageResult,
  stageStatus,
  type ServiceName,
  type StageRecord,
  type StageServices,
} from './stage-services.ts';

export interface RunPipelineOptions {
  readonly services: StageServices;
  readonly check: CheckPipeline;
  readonly logger: Logger;
  /** Stages of one pipeline that may run at the same time. */
  readonly parallelStages: number;
  readonly pollMs: number;
}

/**
 * A pipeline as a reconcile loop: look at the record and at the jobs of its stages, start what can start, write down what changed,
 * again. Nothing is remembered outside of records, so whatever is killed, the next look finds the way on.
 * @throws FinalError with the reason of a stage that failed or can't be started
 */
export async function runPipeline(
  lead: Lead<Pipeline>,
  options: RunPipelineOptions,
): Promise<(pipeline: Pipeline) => Pipeline> {
  const { spec } = lead.job;
  if (spec === undefined) throw new TypeError('a kept pipeline has a specification');
  const plan = planPipeline(lead.id, spec);
  if (lead.job.stages.length === 0) await checkFirst(lead, options.check);
  // Ended jobs never change, so each is fetched once.
  const ended = new Map<string, StageRecord>();
  try {
    for (;;) {
      await reconcile(lead, plan, ended, options).catch((error: unknown) =>
        waitOut(lead, error, options.logger),
      );
      if (plan.every(({ name }) => ended.has(name))) break;
      await delay(options.pollMs, undefined, { signal: lead.signal });
    }
  } catch (error) {
    if (isCancelled(lead.signal.reason)) await cancelRunning(lead, options);
    throw error;
  }
  return (pipeline) => ({ ...pipeline, report: reportPipeline(pipeline, endedStages(ended)) });
}

/** Stages that a cancel could not read from the record, which is written a moment later. */
async function cancelRunning(lead: Lead<Pipeline>, { services, logger }: RunPipelineOptions): Promise<void> {
  for (const { name, jobId, service, status } of lead.job.stages) {
    if (isEnded(status)) continue;
    await services.cancel(service as ServiceName, jobId).catch((error: unknown) => {
      logger.warn({ pipeline: lead.id, stage: name, reason: errorMessage(error) }, 'cannot cancel a stage');
    });
  }
}

/** A validation file without labels should not be found after the labeler has trained. */
async function checkFirst(lead: Lead<Pipeline>, check: CheckPipeline): Promise<void> {
  lead.change((now) => ({ ...now, status: withMessage(now.status ?? queuedStatus(lead.id), 'checking') }));
  const { findings } = await check(lead.job.spec, lead.signal);
  const [first] = findings;
  if (first === undefined) return;
  const others = findings.length === 1 ? '' : ` (and ${findings.length - 1} more: cassl run --check)`;
  throw new FinalError(new CasslError(first.code as ErrorCode, `${first.field}: ${first.message}${others}`));
}

/** A service that is away is asked again; anything else ends the pipeline or is the runner's to judge. */
function waitOut(lead: Lead<Pipeline>, error: unknown, logger: Logger): void {
  lead.signal.throwIfAborted();
  if (outlook(errorCode(error)) !== 'outage') throw error;
  logger.warn({ pipeline: lead.id, err: error }, 'cannot go on now, trying again');
  const message = `waiting: ${errorMessage(error)}`;
  if (lead.status.progress?.message === message) return;
  lead.change((now) => ({ ...now, status: withMessage(now.status ?? queuedStatus(lead.id), message) }));
}

async function reconcile(
  lead: Lead<Pipeline>,
  plan: readonly PlannedStage[],
  ended: Map<string, StageRecord>,
  options: RunPipelineOptions,
): Promise<void> {
  let running = 0;
  for (const stage of plan) {
    if (ended.has(stage.name)) continue;
    const known = lead.job.stages.find(({ name }) => name === stage.name);
    const canStart = stage.needs.every((name) => ended.has(name)) && running < options.parallelStages;
    if (known === undefined && !canStart) continue;
    const record = await lookAt(lead, stage, known?.jobId, ended, options.services);
    const status = stageStatus(record);
    note(lead, plan, stage, record);
    if (!isEnded(status)) running += 1;
    else if (status.state === JobState.JOB_STATE_SUCCEEDED) ended.set(stage.name, record);
    else throw failure(stage, record);
  }
}

/** Reads the stage's job, or starts it where it is not there: after a crash between the two it may be either way. */
async function lookAt(
  lead: Lead<Pipeline>,
  stage: PlannedStage,
  knownId: string | undefined,
  ended: ReadonlyMap<string, StageRecord>,
  services: StageServices,
): Promise<StageRecord> {
  try {
    if (knownId !== undefined) return await lookAtKnown(lead, stage, knownId, services);
  } catch (error) {
    if (errorCode(error) !== 'NOT_FOUND') throw error;
  }
  const job = stage.job(endedStages(ended));
  const jobId = stage.jobId(job);
  try {
    const record = await services.start(jobId, job);
    // A cancel that came between did not know of this job.
    if (lead.signal.aborted && isCancelled(lead.signal.reason)) await services.cancel(stage.service, jobId);
    const { state } = stageStatus(record);
    const hasFailed = isEnded(stageStatus(record)) && state !== JobState.JOB_STATE_SUCCEEDED;
    // A resumed pipeline has forgotten the stages that did not succeed, their services have not.
    return hasFailed ? await services.resume(stage.service, jobId) : record;
  } catch (error) {
    throw outlook(errorCode(error)) === 'permanent'
      ? final(stage.name, errorCode(error), errorMessage(error))
      : error;
  }
}

/** A stage that another pipeline shared and cancelled is still wanted here. */
async function lookAtKnown(
  lead: Lead<Pipeline>,
  { service }: PlannedStage,
  jobId: string,
  services: StageServices,
): Promise<StageRecord> {
  const record = await services.get(service, jobId);
  const isWanted =
    lead.job.spec?.shareStages === true && stageStatus(record).state === JobState.JOB_STATE_CANCELLED;
  return isWanted && !lead.signal.aborted ? services.resume(service, jobId) : record;
}

function isCancelled(reason: unknown): boolean {
  return reason instanceof LostLead && reason.why === 'ended';
}

function note(
  lead: Lead<Pipeline>,
  plan: readonly PlannedStage[],
  stage: PlannedStage,
  record: StageRecord,
): void {
  const entry: PipelineStage = {
    name: stage.name,
    jobId: stageStatus(record).id,
    status: stageStatus(record),
    result: stageResult(record),
    service: stage.service,
  };
  const old = lead.job.stages.find(({ name }) => name === stage.name);
  if (old !== undefined && JSON.stringify(old) === JSON.stringify(entry)) return;
  const order = new Map(plan.map(({ name }, index) => [name, index]));
  lead.change((now) => {
    const stages = [...now.stages.filter(({ name }) => name !== stage.name), entry];
    stages.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
    const status = now.status ?? queuedStatus(lead.id);
    return { ...now, status: { ...status, progress: progressOf(plan, stages) }, stages };
  });
}

function failure(stage: PlannedStage, record: StageRecord): FinalError {
  const { state, error } = stageStatus(record);
  return state === JobState.JOB_STATE_CANCELLED
    ? final(stage.name, 'CANCELLED', 'was cancelled')
    : final(stage.name, (error?.code ?? 'UNKNOWN') as ErrorCode, error?.message ?? 'failed without a reason');
}

function final(stage: string, code: ErrorCode, message: string): FinalError {
  return new FinalError(new CasslError(code, `stage ${stage}: ${message}`));
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
