import type { PipelineStage } from '@cassl/proto';
import type { JSX } from 'preact';
import type { Json } from '../../json.ts';
import { stateKind, stateName } from '../../parts/badge.tsx';
import { Progress, progressText } from '../../parts/progress.tsx';
import { layoutGraph, type PlacedNode } from './layout-graph.ts';
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

/** Pixels from card to card, and of a card. */
const STEP = { x: 205, y: 120 };
const CARD = { width: 177, height: 106 };

/** The stages as a graph; on narrow screens the same cards are a list (style.css). */
export function StageGraph({ stages, selected, onSelect }: StageGraphProps): JSX.Element {
  const { nodes, edges, columns, rows } = layoutGraph(stages);
  const width = columns * STEP.x - (STEP.x - CARD.width);
  const height = rows * STEP.y - (STEP.y - CARD.height);
  return (
    <div class="graph-frame" tabIndex={0} role="group" aria-label="Stages of the pipeline">
      <ol class="graph" style={{ width: `${width}px`, height: `${height}px` }}>
        {nodes.map((node) => (
          <li key={node.item.name} style={positionOf(node)}>
            <StageCard
              stage={node.item}
              isSelected={node.item.name === selected}
              onSelect={() => onSelect(node.item.name)}
            />
          </li>
        ))}
      </ol>
      <svg class="edges" width={width} height={height} aria-hidden="true">
        {edges.map(({ from, to }) => (
          <path
            key={`${from.item.name} ${to.item.name}`}
            d={curve(from, to)}
            class={stateKind(from.item.started?.status?.state)}
          />
        ))}
      </svg>
    </div>
  );
}

interface StageCardProps {
  readonly stage: ShownStage;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function StageCard({ stage, isSelected, onSelect }: StageCardProps): JSX.Element {
  const status = stage.started?.status;
  const title = stageTitle(stage.name);
  return (
    <button
      type="button"
      class={`stage ${stateKind(status?.state ?? 'planned')}`}
      aria-pressed={isSelected}
      onClick={onSelect}
    >
      <span class="stage-title">{title}</span>
      <Progress progress={status?.progress} label={title} />
      <span class="stage-text">
        <span class="stage-state">{stateName(status?.state ?? 'planned')}</span>{' '}
        {progressText(status) || stage.service}
      </span>
    </button>
  );
}

function positionOf({ column, row }: PlacedNode<ShownStage>): Record<string, string> {
  return {
    left: `${column * STEP.x}px`,
    top: `${row * STEP.y}px`,
    width: `${CARD.width}px`,
    height: `${CARD.height}px`,
  };
}

function curve(from: PlacedNode<ShownStage>, to: PlacedNode<ShownStage>): string {
  const x1 = from.column * STEP.x + CARD.width;
  const y1 = from.row * STEP.y + CARD.height / 2;
  const x2 = to.column * STEP.x;
  const y2 = to.row * STEP.y + CARD.height / 2;
  const bend = Math.min(40, (x2 - x1) / 2);
  // Long edges run in the gap between rows, not through cards.
  if (to.column - from.column > 1) {
    const lane = Math.max(y1, y2) - CARD.height / 2 - (STEP.y - CARD.height) / 2;
    const y = y1 === y2 ? lane + STEP.y : lane;
    return `M${x1},${y1} C${x1 + bend},${y1} ${x1 + 8},${y} ${x1 + 40},${y} L${x2 - 40},${y} C${x2 - 8},${y} ${x2 - bend},${y2} ${x2},${y2}`;
  }
  return `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
}
