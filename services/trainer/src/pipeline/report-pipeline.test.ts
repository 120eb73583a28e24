import { EvaluationJob, Labeling, Pipeline, Training, type PipelineSpec } from '@cassl/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pipelineSpec } from './pipeline.fixture.ts';
import { planPipeline } from './plan-pipeline.ts';
import type { EndedStages } from './planned-stage.ts';
import { aggregate, reportPipeline } from './report-pipeline.ts';

const START = new Date(1_700_000_000_000);

/** A pipeline of which every stage took `seconds`. */
function pipelineOf(spec: PipelineSpec, seconds = 2): Pipeline {
  const finishedAt = new Date(START.getTime() + seconds * 1000);
  const stages = planPipeline('p', spec).map(({ name }) => ({
    name,
    status: { startedAt: START, finishedAt },
  }));
  return Pipeline.fromPartial({ status: { id: 'p' }, spec, stages });
}

/** Box APs by stage; whatever is not named was not measured. */
function ended(aps: Readonly<Record<string, number>>): EndedStages {
  return {
    training: (name) => Training.fromPartial({ checkpointDigest: `digest of ${name}`, engine: `on ${name}` }),
    labeling: () => Labeling.fromPartial({ spec: { options: { threshold: 0.35 } } }),
    evaluation: (name) => {
      const metrics: Record<string, number> = aps[name] === undefined ? {} : { 'bbox/AP': aps[name] };
      const sweep = [{ precision: 0.5, recall: 0.25, f1: 1 / 3 }];
      return EvaluationJob.fromPartial({ evaluation: { metrics }, sweep });
    },
  };
}

describe('aggregate', () => {
  it('gives mean and sample standard deviation', () => {
    expect(aggregate([1, 2, 3])).toEqual({ mean: 2, std: 1, seeds: [1, 2, 3] });
    expect(aggregate([0.5])).toEqual({ mean: 0.5, std: 0, seeds: [0.5] });
  });

  it('lies between the least and the greatest, and does not depend on the order', () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(values, (seeds) => {
        const { mean, std } = aggregate(seeds);
        expect(mean).toBeGreaterThanOrEqual(Math.min(...seeds) - 1e-12);
        expect(mean).toBeLessThanOrEqual(Math.max(...seeds) + 1e-12);
        expect(std).toBeGreaterThanOrEqual(0);
        expect(aggregate([...seeds].reverse()).mean).toBeCloseTo(mean, 12);
      }),
    );
  });
});

describe('the report of a pipeline', () => {
  it('has each arm over its seeds, in the order of the seeds', () => {
    const spec = pipelineSpec({ seeds: [7, 3], threshold: 0.3 });
    const { arms } = reportPipeline(
      pipelineOf(spec),
      ended({ 'evaluate/finetune/warmup/7': 0.4, 'evaluate/finetune/warmup/3': 0.2 }),
    );
    expect(arms.map(({ name }) => name)).toEqual(['warmup', 'scratch']);
    expect(arms[0]!.metrics.boxAP).toMatchObject({ seeds: [0.4, 0.2] });
    expect(arms[0]!.metrics.boxAP!.mean).toBeCloseTo(0.3);
    expect(arms[0]!.checkpointDigests).toEqual([
      'digest of finetune/warmup/7',
      'digest of finetune/warmup/3',
    ]);
  });

  it('leaves out what was not measured, rather than calling it 0', () => {
    const { arms, labeler } = reportPipeline(pipelineOf(pipelineSpec()), ended({}));
    expect(arms[0]!.metrics).toEqual({});
    expect(labeler).toEqual({});
  });

  it('has the threshold that was used, and the quality of the labels where the truth is known', () => {
    const unlabeledTruth = { annotationsUri: 'file:///u.json', imagesUri: 'file:///u' };
    const known = pipelineSpec({ unlabeledTruth });
    expect(reportPipeline(pipelineOf(known), ended({})).pseudoLabels).toEqual({
      threshold: 0.35,
      precision: 0.5,
      recall: 0.25,
      f1: 1 / 3,
    });
    expect(reportPipeline(pipelineOf(pipelineSpec()), ended({})).pseudoLabels).toEqual({ threshold: 0.35 });
  });

  it('asks nothing of stages that the arms left out', () => {
    const spec = pipelineSpec({ arms: ['scratch'] });
    const report = reportPipeline(pipelineOf(spec), ended({ 'evaluate/finetune/scratch/1': 0.1 }));
    expect(report).toMatchObject({
      labeler: {},
      warmup: {},
      pseudoLabels: {},
      engine: 'on finetune/scratch/1',
    });
  });

  it('says how long each stage took, 0 where it is not known', () => {
    const pipeline = pipelineOf(pipelineSpec({ arms: ['scratch'] }), 90);
    const [first, second] = pipeline.stages;
    const stages = [first!, { ...second!, status: { ...second!.status!, finishedAt: undefined } }];
    expect(reportPipeline({ ...pipeline, stages }, ended({})).timings).toEqual({
      'finetune/scratch/1': 90,
      'evaluate/finetune/scratch/1': 0,
    });
  });

  it('has no arms where the pipeline only warmed up', () => {
    const spec = pipelineSpec({ arms: ['none'] });
    const report = reportPipeline(pipelineOf(spec), ended({ 'evaluate/warmup': 0.2 }));
    expect(report).toMatchObject({ arms: [], warmup: { boxAP: 0.2 }, engine: 'on warmup' });
  });
});
