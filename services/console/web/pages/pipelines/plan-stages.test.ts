import { PipelineSpec } from '@cassl/proto';
import { expect, it } from 'vitest';
import { layoutGraph } from '../../parts/layout-graph.ts';
import { planStages } from './plan-stages.ts';

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
