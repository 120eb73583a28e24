import type { PipelineStage } from '@cassl/proto';
import type { JSX } from 'preact';
import type { Json } from '../../json.ts';
import { stateKind, stateName } from '../../parts/badge.tsx';
import { Graph } from '../../parts/graph.tsx';
import { Progress, shortProgressText } from '../../parts/progress.tsx';
import type { PlannedStage } from './plan-stages.ts';
import { stageTitle } from './stage-titles.ts';

/** A planned stage with what is known of its job. */
export interface ShownStage extends PlannedStage {
  readonly started: Json<PipelineStage> | undefined;
}

interface StageGraphProps {
  readonly stages: readonly ShownStage[];
  readonly selected: string;
  readonly onSelect: (name: string) => void;
}

/** The stages as a graph; one is chosen to be looked at. */
export function StageGraph({ stages, selected, onSelect }: StageGraphProps): JSX.Element {
  return (
    <Graph
      label="Stages of the pipeline"
      items={stages}
      kind={({ started }) => stateKind(started?.status?.state)}
      card={(stage) => (
        <StageCard stage={stage} isSelected={stage.name === selected} onSelect={() => onSelect(stage.name)} />
      )}
    />
  );
}

interface StageCardProps {
  readonly stage: ShownStage;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function StageCard({ stage, isSelected, onSelect }: StageCardProps): JSX.Element {
  const status = stage.started?.status;
  const state = status?.state ?? 'planned';
  const title = stageTitle(stage.name);
  return (
    <button type="button" class={`stage ${stateKind(state)}`} aria-pressed={isSelected} onClick={onSelect}>
      <span class="stage-title">{title}</span>
      <Progress progress={status?.progress} label={title} />
      <span class="stage-text">
        <span class="stage-state">{stateName(state)}</span> {shortProgressText(status) || stage.service}
      </span>
    </button>
  );
}
