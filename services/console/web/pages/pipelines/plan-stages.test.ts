import { PipelineSpec } from '@cassl/proto';
import { expect, it } from 'vitest';
import { layoutGraph } from '../../parts/layout-graph.ts';
import { planStages } from './plan-stages.ts';
import { stageTitle } from './stage-titles.ts';

it('plans and places the stages of a specification: columns by what they wait for', () => {
  const spec = PipelineSpec.fromPartial({ threshold: 0.5, seeds: [1] });
  const { nodes, columns } = layoutGraph(planStages(spec));
  expect(nodes.map(({ item, column }) => `${column} ${item.name}`)).toEqual([
    '0 labeler',
    '1 evaluate/labeler',
    '1 labeling',
    '2 warmup',
    '3 evaluate/warmup',
    '3 finetune/warmup/1',
    '4 evaluate/finetune/warmup/1',
    '0 finetune/scratch/1',
    '1 evaluate/finetune/scratch/1',
  ]);
  expect(columns).toBe(5);
});

it('leaves out what no arm needs', () => {
  const names = (changes: Partial<PipelineSpec>): string[] =>
    planStages(PipelineSpec.fromPartial({ threshold: 0.5, ...changes })).map(({ name }) => name);
  expect(names({ arms: ['scratch'] })).toEqual(['finetune/scratch/1', 'evaluate/finetune/scratch/1']);
  expect(names({ arms: ['none'], warmupLabels: 'WARMUP_LABELS_TRUTH' })).toEqual([
    'warmup',
    'evaluate/warmup',
  ]);
});

it('plans rounds, each labeler after the model that was warmed up before, and a threshold that follows from the labels', () => {
  const spec = PipelineSpec.fromPartial({
    arms: ['none'],
    rounds: 2,
    thresholdRule: 'THRESHOLD_RULE_SCORES',
  });
  expect(planStages(spec).map(({ name, needs }) => [name, ...needs])).toEqual([
    ['labeler/round-1'],
    ['evaluate/labeler/round-1', 'labeler/round-1'],
    ['labeling/round-1', 'labeler/round-1'],
    ['threshold/round-1', 'labeling/round-1'],
    ['warmup/round-1', 'labeling/round-1', 'threshold/round-1'],
    ['evaluate/warmup/round-1', 'warmup/round-1'],
    ['labeler', 'warmup/round-1'],
    ['evaluate/labeler', 'labeler'],
    ['labeling', 'labeler'],
    ['threshold', 'labeling'],
    ['warmup', 'labeling', 'threshold'],
    ['evaluate/warmup', 'warmup'],
  ]);
  expect(stageTitle('evaluate/warmup/round-1')).toBe('Evaluate warmup · round 1');
});
