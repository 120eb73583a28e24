import { CasslError, errorCode, errorMessage, outlook, type ErrorCode } from '@cassl/errors';
import { FinalError, isEnded, LostLead, type Lead } from '@cassl/jobs';
import { JobState, type Pipeline } from '@cassl/proto';
import { endedStages } from './ended-stages.ts';
import type { PlannedStage } from './planned-stage.ts';
import { stageStatus, type StageRecord, type StageServices } from './stage-services.ts';

/** Reads the stage's job, or starts it where it is not there: after a crash between the two it may be either way. */
export async function lookAtStage(
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

/** Whether the pipeline was ended from elsewhere. */
export function isCancelled(reason: unknown): boolean {
  return reason instanceof LostLead && reason.why === 'ended';
}

/** Why the pipeline ends with this stage. */
export function stageFailure(stage: PlannedStage, record: StageRecord): FinalError {
  const { state, error } = stageStatus(record);
  return state === JobState.JOB_STATE_CANCELLED
    ? final(stage.name, 'CANCELLED', 'was cancelled')
    : final(stage.name, (error?.code ?? 'UNKNOWN') as ErrorCode, error?.message ?? 'failed without a reason');
}

function final(stage: string, code: ErrorCode, message: string): FinalError {
  return new FinalError(new CasslError(code, `stage ${stage}: ${message}`));
}
