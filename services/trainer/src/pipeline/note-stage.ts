import { isEnded, jobProgress, queuedStatus, type Lead } from '@cassl/jobs';
import type { Pipeline, PipelineStage } from '@cassl/proto';
import type { PlannedStage } from './planned-stage.ts';
import { stageResult, stageStatus, type StageRecord } from './stage-services.ts';

/** Writes down what changed of a stage, in the order of the plan. */
export function noteStage(
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
    return withProgress({ ...now, stages }, lead.id, plan);
  });
}

/** Says which stages are going on, in place of what was said before. */
export function showProgress(lead: Lead<Pipeline>, plan: readonly PlannedStage[]): void {
  lead.change((now) => withProgress(now, lead.id, plan));
}

function withProgress(pipeline: Pipeline, id: string, plan: readonly PlannedStage[]): Pipeline {
  const status = pipeline.status ?? queuedStatus(id);
  return { ...pipeline, status: { ...status, progress: progressOf(plan, pipeline.stages) } };
}

function progressOf(
  plan: readonly PlannedStage[],
  stages: readonly PipelineStage[],
): ReturnType<typeof jobProgress> {
  const done = stages.filter(({ status }) => isEnded(status)).length;
  const active = stages.filter(({ status }) => !isEnded(status)).map(stageWords);
  return jobProgress({ done, total: plan.length, unit: 'stages', message: active.join(', ') });
}

/** A stage that waits for something, or for somebody, says so in its pipeline as well. */
function stageWords({ name, status }: PipelineStage): string {
  const words = status?.progress?.message ?? '';
  return words === '' ? name : `${name} (${words})`;
}
