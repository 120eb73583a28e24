import type { PipelineSpec } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { madeStages, pipelineSpec, stageOf } from './pipeline.fixture.ts';
import { planPipeline, type PlannedStage } from './plan-pipeline.ts';

const specOf = (changes: object = {}): PipelineSpec => pipelineSpec({ shareStages: true, ...changes });

function idsOf(id: string, spec: PipelineSpec, made = 'a'): Map<string, string> {
  const idOf = ({ job, jobId }: PlannedStage): string => jobId(job(madeStages(made)));
  return new Map(planPipeline(id, spec).map((planned) => [planned.name, idOf(planned)]));
}

describe('shared stages', () => {
  it('have the same ids in pipelines of other names and folders', () => {
    expect(idsOf('p1', specOf())).toEqual(idsOf('p2', specOf({ name: 'q', outputUri: 'file:///elsewhere' })));
  });

  it('differ only from the first stage on that does something else', () => {
    const [short, long] = [idsOf('p', specOf()), idsOf('p', specOf({ warmup: stageOf(151) }))];
    expect(long.get('labeler')).toBe(short.get('labeler'));
    expect(long.get('labeling')).toBe(short.get('labeling'));
    expect(long.get('finetune/scratch/1')).toBe(short.get('finetune/scratch/1'));
    expect(long.get('warmup')).not.toBe(short.get('warmup'));
  });

  it('differ where what they start from differs', () => {
    const [one, other] = [idsOf('p', specOf(), 'a'), idsOf('p', specOf(), 'b')];
    expect(other.get('labeling')).not.toBe(one.get('labeling'));
    expect(other.get('finetune/warmup/1')).not.toBe(one.get('finetune/warmup/1'));
  });

  it('write to folders of their own id, and move no alias', () => {
    for (const { name, job, jobId } of planPipeline('p', specOf())) {
      const made = job(madeStages('a'));
      if (made.service === 'trainer') expect(made.spec).toMatchObject({ alias: '', tags: {} });
      else if (name !== 'threshold') expect(made.spec.outputUri).toBe(`file:///out/${jobId(made)}`);
    }
  });
});
