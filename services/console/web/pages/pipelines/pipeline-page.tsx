import type { Pipeline, PipelineServiceWatchResponse } from '@cassl/proto';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { duration } from '../../format.ts';
import type { Json } from '../../json.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { Badge, isEnded } from '../../parts/badge.tsx';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { elapsedSeconds, Progress, progressText } from '../../parts/progress.tsx';
import { Link, pathOf } from '../../router.tsx';
import { useEvents } from '../../use-events.ts';
import { PipelineReport } from './pipeline-report.tsx';
import { planStages } from './plan-stages.ts';
import { StageGraph, type ShownStage } from './stage-graph.tsx';
import { StagePanel } from './stage-panel.tsx';

/** One pipeline, live. */
export function PipelinePage({ id }: { readonly id: string }): JSX.Element {
  const { value, error, isLive } = useEvents<Json<PipelineServiceWatchResponse>, Json<Pipeline> | undefined>(
    pathOf('pipelines', id, 'events'),
    (_, { pipeline }) => pipeline,
  );
  return (
    <>
      <h1>
        {id} {value !== undefined && <Badge state={value.status?.state} />}
      </h1>
      <ErrorNote error={error} />
      {value === undefined && error === undefined && <EmptyNote>Asking the trainer…</EmptyNote>}
      {value !== undefined && <PipelineBody id={id} pipeline={value} isLive={isLive} />}
    </>
  );
}

interface PipelineBodyProps {
  readonly id: string;
  readonly pipeline: Json<Pipeline>;
  readonly isLive: boolean;
}

function PipelineBody({ id, pipeline, isLive }: PipelineBodyProps): JSX.Element {
  const { status, spec, report } = pipeline;
  const [chosen, setChosen] = useState('');
  const stages = shownStages(pipeline);
  const stage = stages.find(({ name }) => name === chosen) ?? currentStage(stages);
  const hasEnded = isEnded(status?.state);
  const canResume = hasEnded && status?.state !== 'JOB_STATE_SUCCEEDED';
  return (
    <>
      <div class="panel">
        <Progress progress={status?.progress} label="Stages done" />
        <p>
          {progressText(status)} · {hasEnded ? 'took' : 'for'} {duration(elapsedSeconds(status))}
          {!isLive && !hasEnded && <span class="soft"> · connection lost, trying again</span>}
        </p>
        {status?.error !== undefined && <ErrorNote error={status.error} />}
        <p class="actions">
          {!hasEnded && (
            <ActionButton
              label="Cancel pipeline"
              kind="danger"
              path={pathOf('pipelines', id, 'cancel')}
              question="Stop it and the stage that runs? It can be resumed."
            />
          )}
          {canResume && <ActionButton label="Resume" path={pathOf('pipelines', id, 'resume')} />}
          <Link to={`/trainings?runs=${trainingIds(stages).map(encodeURIComponent).join(',')}`}>
            All its training curves
          </Link>
        </p>
      </div>
      {report !== undefined && <PipelineReport report={report} />}
      <h2>Stages</h2>
      <StageGraph stages={stages} selected={stage?.name ?? ''} onSelect={setChosen} />
      {stage !== undefined && <StagePanel key={stage.name} stage={stage} />}
      <details class="panel">
        <summary>Specification</summary>
        <pre tabIndex={0}>{JSON.stringify(spec, null, 2)}</pre>
      </details>
    </>
  );
}

/** What is planned, and what was started besides (by another version of the plan). */
function shownStages({ spec, stages }: Json<Pipeline>): readonly ShownStage[] {
  const planned = spec === undefined ? [] : planStages(spec);
  const started = new Map(stages.map((stage) => [stage.name, stage]));
  const others = stages
    .filter(({ name }) => planned.every((plan) => plan.name !== name))
    .map((stage) => ({
      name: stage.name,
      service: stage.service as ShownStage['service'],
      needs: [],
      started: stage,
    }));
  return [...planned.map((plan) => ({ ...plan, started: started.get(plan.name) })), ...others];
}

/** The one that a visitor wants to see: what failed, else what runs, else the last one. */
function currentStage(stages: readonly ShownStage[]): ShownStage | undefined {
  const inState = (state: string): ShownStage | undefined =>
    stages.find(({ started }) => started?.status?.state === state);
  return (
    inState('JOB_STATE_FAILED') ??
    inState('JOB_STATE_RUNNING') ??
    inState('JOB_STATE_QUEUED') ??
    stages.findLast(({ started }) => started !== undefined) ??
    stages[0]
  );
}

function trainingIds(stages: readonly ShownStage[]): string[] {
  return stages.flatMap(({ service, started }) =>
    service === 'trainer' && started !== undefined ? [started.jobId] : [],
  );
}
