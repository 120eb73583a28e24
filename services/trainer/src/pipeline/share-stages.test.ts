import { PipelineSpec, type EvaluationJob, type Labeling, type Training } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { planPipeline, type EndedStages, type PlannedStage } from './plan-pipeline.ts';

const stage = (iterations: number): object => ({
  schedule: { iterations, batchSize: 4, learningRate: 1e-3 },
});

function specOf(changes: object = {}): PipelineSpec {
  return PipelineSpec.fromPartial({
    name: 'p',
    labeled: { annotationsUri: 'file:///l.json', imagesUri: 'file:///l' },
    unlabeled: { uri: 'file:///u' },
    validation: { annotationsUri: 'file:///v.json', imagesUri: 'file:///v' },
    model: { preset: 'tiny' },
    labeler: stage(90),
    warmup: stage(150),
    finetune: stage(20),
    outputUri: 'file:///out/',
    shareStages: true,
    ...changes,
  });
}

/** Digests depend on what was trained, as they do in the services. */
const ended = (made: string): EndedStages => ({
  training: (name) => ({ checkpointDigest: `${name} ${made}` }) as Training,
  labeling: () => ({ labelSetUri: `file:///out/${made}.labelset.jsonl` }) as Labeling,
  evaluation: () => ({ bestThreshold: 0.45 }) as EvaluationJob,
});

function idsOf(id: string, spec: PipelineSpec, made = 'a'): Map<string, string> {
  const idOf = ({ job, jobId }: PlannedStage): string => jobId(job(ended(made)));
  return new Map(planPipeline(id, spec).map((planned) => [planned.name, idOf(planned)]));
}

describe('shared stages', () => {
  it('have the same ids in pipelines of other names and folders', () => {
    expect(idsOf('p1', specOf())).toEqual(idsOf('p2', specOf({ name: 'q', outputUri: 'file:///elsewhere' })));
  });

  it('differ only from the first stage on that does something else', () => {
    const [short, long] = [idsOf('p', specOf()), idsOf('p', specOf({ warmup: stage(151) }))];
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
      const made = job(ended('a'));
      if (made.service === 'trainer') expect(made.spec).toMatchObject({ alias: '', tags: {} });
      else if (name !== 'threshold') expect(made.spec.outputUri).toBe(`file:///out/${jobId(made)}`);
    }
  });
});
