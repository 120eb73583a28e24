import { setTimeout as delay } from 'node:timers/promises';
import { CasslError, errorCode, errorMessage, outlook, type ErrorCode } from '@cassl/errors';
import { FinalError, isEnded, queuedStatus, withMessage, type Lead } from '@cassl/jobs';
import { JobState, type Pipeline } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import type { CheckPipeline } from './check-pipeline.ts';
import { endedStages } from './ended-stages.ts';
import { isCancelled, lookAtStage, stageFailure } from './look-at-stage.ts';
import { noteStage, showProgress } from './note-stage.ts';
import { planPipeline, type PlannedStage } from './plan-pipeline.ts';
import { reportPipeline } from './report-pipeline.ts';
import { stageStatus, type ServiceName, type StageRecord, type StageServices } from './stage-services.ts';

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

const WAITING = 'waiting: ';

/** A service that is away is asked again; anything else ends the pipeline or is the runner's to judge. */
function waitOut(lead: Lead<Pipeline>, error: unknown, logger: Logger): void {
  lead.signal.throwIfAborted();
  if (outlook(errorCode(error)) !== 'outage') throw error;
  logger.warn({ pipeline: lead.id, err: error }, 'cannot go on now, trying again');
  const message = `${WAITING}${errorMessage(error)}`;
  if (lead.status.progress?.message === message) return;
  lead.change((now) => ({ ...now, status: withMessage(now.status ?? queuedStatus(lead.id), message) }));
}

async function reconcile(
  lead: Lead<Pipeline>,
  plan: readonly PlannedStage[],
  ended: Map<string, StageRecord>,
  options: RunPipelineOptions,
): Promise<void> {
  // Also those that come later in the plan: they take their share of the machine already.
  const running = new Set(lead.job.stages.filter(({ status }) => !isEnded(status)).map(({ name }) => name));
  const outages: unknown[] = [];
  for (const stage of plan) {
    if (ended.has(stage.name)) continue;
    const known = lead.job.stages.find(({ name }) => name === stage.name);
    const canStart = stage.needs.every((name) => ended.has(name)) && running.size < options.parallelStages;
    if (known === undefined && !canStart) continue;
    try {
      const record = await lookAtStage(lead, stage, known?.jobId, ended, options.services);
      const status = stageStatus(record);
      noteStage(lead, plan, stage, record);
      if (!isEnded(status)) running.add(stage.name);
      else if (status.state === JobState.JOB_STATE_SUCCEEDED) ended.set(stage.name, record);
      else throw stageFailure(stage, record);
      if (isEnded(status)) running.delete(stage.name);
    } catch (error) {
      // A service that is away holds up its own stages, not those of the others.
      if (lead.signal.aborted || outlook(errorCode(error)) !== 'outage') throw error;
      outages.push(error);
    }
  }
  if (outages.length > 0) throw outages[0];
  if (lead.status.progress?.message.startsWith(WAITING) === true) showProgress(lead, plan);
}
