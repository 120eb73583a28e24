import type { EvaluationSpec, LabeledDataset, PipelineSpec } from '@cassl/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPipelineId } from './check-pipeline-spec.ts';
import { madeStages, pipelineSpec } from './pipeline.fixture.ts';
import { planPipeline, stageJobId } from './plan-pipeline.ts';
import { unlabeledOf, type StageJob } from './stage-jobs.ts';

const specOf = pipelineSpec;
const ended = madeStages();

function jobs(spec: PipelineSpec): Map<string, StageJob> {
  return new Map(planPipeline('p1', spec).map(({ name, job }) => [name, job(ended)]));
}

function trainingSpec(
  all: ReadonlyMap<string, StageJob>,
  name: string,
): Extract<StageJob, { service: 'trainer' }>['spec'] {
  const job = all.get(name);
  if (job?.service !== 'trainer') throw new Error(`${name} is no training`);
  return job.spec;
}

describe('planPipeline', () => {
  it('is in an order that every stage can start in', () => {
    const done = new Set<string>();
    for (const { name, needs } of planPipeline('p1', specOf({ seeds: [1, 2], control: true }))) {
      for (const need of needs) expect(done, `${name} needs ${need}`).toContain(need);
      done.add(name);
    }
    expect(done.size).toBe(6 + 2 * 3 * 2);
  });

  it('trains the labeler without the held-out images that choose its threshold', () => {
    const all = jobs(specOf({ holdoutFraction: 0.25 }));
    expect(trainingSpec(all, 'labeler').data?.value).toMatchObject({ fromFraction: 0, toFraction: 0.75 });
    expect(all.get('threshold')?.spec).toMatchObject({ dataset: { fromFraction: 0.75, toFraction: 1 } });
    expect(all.get('labeling')?.spec).toMatchObject({ options: { threshold: 0.45 } });
    expect(trainingSpec(all, 'warmup').data?.value).toMatchObject({ threshold: 0.45 });
  });

  it('holds out a part of the slice that is asked for, and shows no image behind it to anybody', () => {
    const labeled = { annotationsUri: 'file:///l.json', imagesUri: 'file:///l' };
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.double({ min: 0.51, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 0.5, noNaN: true }),
        (fromFraction, toFraction, holdoutFraction) => {
          const all = jobs(specOf({ labeled: { ...labeled, fromFraction, toFraction }, holdoutFraction }));
          const learned = trainingSpec(all, 'labeler').data!.value as LabeledDataset;
          const held = (all.get('threshold')!.spec as EvaluationSpec).dataset!;
          expect(learned.fromFraction).toBe(fromFraction);
          expect(held.fromFraction).toBe(learned.toFraction);
          expect(held.toFraction).toBe(toFraction);
          const share = (held.toFraction - held.fromFraction) / (toFraction - fromFraction);
          expect(share).toBeCloseTo(holdoutFraction);
        },
      ),
    );
  });

  it('uses all labeled images and no threshold stage where the threshold is given', () => {
    const all = jobs(specOf({ threshold: 0.3 }));
    expect(all.has('threshold')).toBe(false);
    expect(trainingSpec(all, 'labeler').data?.value).toMatchObject({ toFraction: 0 });
    expect(trainingSpec(all, 'warmup').data?.value).toMatchObject({ threshold: 0.3 });
  });

  it('never shows labeled images to the warmup, and collapses classes before stage 3', () => {
    const all = jobs(specOf());
    expect(trainingSpec(all, 'warmup').data?.$case).toBe('pseudoLabels');
    expect(trainingSpec(all, 'labeler').data?.value).toMatchObject({ labels: 'LABEL_MAPPING_AGNOSTIC' });
    expect(trainingSpec(all, 'finetune/warmup/1').data?.value).not.toMatchObject({
      labels: 'LABEL_MAPPING_AGNOSTIC',
    });
  });

  it('gives both arms the same budget, and the control all iterations together', () => {
    const all = jobs(specOf({ control: true }));
    const [warm, scratch, control] = ['warmup', 'scratch', 'control'].map((arm) =>
      trainingSpec(all, `finetune/${arm}/1`),
    );
    expect(warm?.schedule).toEqual(scratch?.schedule);
    expect(warm?.initialization?.checkpoint).toBe('warmup a');
    expect(scratch?.initialization?.checkpoint).toBe('');
    expect(control?.schedule).toMatchObject({ iterations: 260, milestones: [130] });
    expect(control?.initialization?.checkpoint).toBe('');
  });

  it('trains jointly with as many steps and images as the control, four fifths of them unlabeled', () => {
    const all = jobs(specOf({ arms: ['joint'], unlabeled: { uri: 'file:///u', limit: 7 } }));
    expect([...all.keys()]).toEqual(['finetune/joint/1', 'evaluate/finetune/joint/1']);
    const { schedule, softTeacher, initialization } = trainingSpec(all, 'finetune/joint/1');
    const control = trainingSpec(jobs(specOf({ arms: ['control'] })), 'finetune/control/1');
    expect(schedule?.iterations).toBe(control.schedule?.iterations);
    expect(softTeacher?.unlabeled).toEqual({ uri: 'file:///u', limit: 7 });
    expect((schedule?.batchSize ?? 0) + (softTeacher?.batchSize ?? 0)).toBe(control.schedule?.batchSize);
    expect(initialization?.checkpoint).toBe('');
    expect(control.softTeacher).toBeUndefined();
  });

  it('leaves at least one image of a joint step labeled and one unlabeled', () => {
    expect([2, 3, 8, 16].map((images) => unlabeledOf({ batchSize: 0 }, images))).toEqual([1, 2, 6, 12]);
    expect(unlabeledOf({ batchSize: 5 }, 8)).toBe(5);
  });

  it('learns entities from their own annotations and finetunes on things', () => {
    const panoptic = {
      annotationsUri: 'file:///p.json',
      imagesUri: 'file:///l',
      kind: 'ANNOTATION_KIND_PANOPTIC',
    };
    const all = jobs(specOf({ entities: true, labeledAgnostic: panoptic }));
    expect(trainingSpec(all, 'labeler').data?.value).toMatchObject({ annotationsUri: 'file:///p.json' });
    expect(all.get('labeling')?.spec).toMatchObject({ options: { nonOverlap: true } });
    expect(trainingSpec(all, 'finetune/scratch/1').data?.value).toMatchObject({
      annotationsUri: 'file:///l.json',
    });
  });

  it('measures panoptic quality where panoptic annotations are validated on, and of finetuned models alone', () => {
    const panoptic = { annotationsUri: 'file:///p.json', kind: 'ANNOTATION_KIND_PANOPTIC' };
    const all = jobs(specOf({ validation: panoptic }));
    expect(all.get('evaluate/finetune/warmup/1')?.spec).toMatchObject({
      metrics: expect.arrayContaining(['METRIC_KIND_PANOPTIC']),
    });
    expect(all.get('evaluate/warmup')?.spec).not.toMatchObject({
      metrics: expect.arrayContaining(['METRIC_KIND_PANOPTIC']),
    });
    expect(jobs(specOf()).get('evaluate/finetune/warmup/1')?.spec).not.toMatchObject({
      metrics: expect.arrayContaining(['METRIC_KIND_PANOPTIC']),
    });
  });

  it('chooses a threshold by the scores of what was labeled, and holds no image out for it', () => {
    const all = jobs(specOf({ thresholdRule: 'THRESHOLD_RULE_SCORES' }));
    expect(trainingSpec(all, 'labeler').data?.value).toMatchObject({ fromFraction: 0, toFraction: 0 });
    expect(all.get('labeling')?.spec).toMatchObject({ options: { threshold: 0.05 } });
    expect(all.get('threshold')?.spec).toMatchObject({
      metrics: ['METRIC_KIND_LABEL_SCORES'],
      labelUris: ['file:///out/a.labelset.jsonl'],
      detached: true,
    });
    expect(trainingSpec(all, 'warmup').data?.value).toMatchObject({ threshold: 0.45 });
  });

  it('starts the labeler of every later round as the model that was warmed up before, and the warmup afresh', () => {
    const spec = specOf({ rounds: 2, threshold: 0.3, control: true, arms: ['warmup'] });
    const all = jobs(spec);
    expect([...all.keys()].slice(0, 5)).toEqual([
      'labeler/round-1',
      'evaluate/labeler/round-1',
      'labeling/round-1',
      'warmup/round-1',
      'evaluate/warmup/round-1',
    ]);
    expect(trainingSpec(all, 'labeler').initialization?.checkpoint).toBe('warmup/round-1 a');
    expect(trainingSpec(all, 'warmup').initialization?.checkpoint).toBe('');
    expect(trainingSpec(all, 'finetune/warmup/1').initialization?.checkpoint).toBe('warmup a');
    expect(['labeling/round-1', 'labeling'].map((name) => all.get(name)?.spec)).toMatchObject([
      { checkpoint: 'labeler/round-1 a', outputUri: 'file:///out/labels/round-1' },
      { checkpoint: 'labeler a', outputUri: 'file:///out/labels' },
    ]);
    expect(trainingSpec(all, 'warmup/round-1').alias).toBe('');
    expect(trainingSpec(all, 'finetune/control/1').schedule?.iterations).toBe(2 * (90 + 150) + 20);
    const names = planPipeline('p1', spec).map(({ name }) => name);
    expect(
      planPipeline('p1', spec)
        .flatMap(({ needs }) => needs)
        .filter((need) => !names.includes(need)),
    ).toEqual([]);
  });

  it('scores pseudo labels against the truth of the images that are labeled', () => {
    const unlabeledTruth = { annotationsUri: 'file:///u.json', imagesUri: 'file:///u' };
    const all = jobs(specOf({ unlabeledTruth, unlabeled: { uri: 'file:///u', limit: 7 } }));
    expect(all.get('pseudo-labels')?.spec).toMatchObject({ dataset: { limit: 7 } });
  });

  it('leaves out the stages that no arm needs', () => {
    const names = (changes: object): string[] => planPipeline('p1', specOf(changes)).map(({ name }) => name);
    expect(names({ arms: ['scratch'] })).toEqual(['finetune/scratch/1', 'evaluate/finetune/scratch/1']);
    expect(names({ arms: ['none'], threshold: 0.3 })).toEqual([
      'labeler',
      'evaluate/labeler',
      'labeling',
      'warmup',
      'evaluate/warmup',
    ]);
    expect(names({ arms: ['none'], warmupLabels: 'WARMUP_LABELS_LABELED' })).toEqual([
      'warmup',
      'evaluate/warmup',
    ]);
  });

  it('keeps classes in every stage of the class-specific comparator', () => {
    const all = jobs(specOf({ classSpecific: true, threshold: 0.3 }));
    expect(trainingSpec(all, 'labeler').data?.value).not.toMatchObject({ labels: 'LABEL_MAPPING_AGNOSTIC' });
    expect(all.get('labeling')?.spec).toMatchObject({ options: { classSpecific: true } });
    expect(trainingSpec(all, 'warmup').data?.value).toMatchObject({ classSpecific: true });
    expect(all.get('evaluate/warmup')?.spec).toMatchObject({
      metrics: expect.arrayContaining(['METRIC_KIND_BBOX']),
    });
  });

  it('warms up on as many images of truth as it would have labeled', () => {
    const all = jobs(
      specOf({
        warmupLabels: 'WARMUP_LABELS_TRUTH',
        unlabeled: { uri: 'file:///u', limit: 7 },
        unlabeledTruth: { annotationsUri: 'file:///u.json', imagesUri: 'file:///u' },
      }),
    );
    expect(trainingSpec(all, 'warmup').data?.value).toMatchObject({
      annotationsUri: 'file:///u.json',
      limit: 7,
      labels: 'LABEL_MAPPING_AGNOSTIC',
    });
  });

  it('is, whatever is asked for, a list that can be done from its beginning, with ids that services take', () => {
    const specs = fc.record({
      threshold: fc.constantFrom(0, 0.3),
      seeds: fc.uniqueArray(fc.nat(2 ** 32 - 1), { maxLength: 3 }),
      arms: fc.constantFrom([], ['none'], ['warmup'], ['scratch', 'control'], ['warmup', 'scratch']),
      control: fc.boolean(),
      classSpecific: fc.boolean(),
      shareStages: fc.boolean(),
      warmupLabels: fc.constantFrom('WARMUP_LABELS_UNSPECIFIED', 'WARMUP_LABELS_LABELED'),
      truth: fc.boolean(),
    });
    const id = 'i'.repeat(90);
    checkPipelineId(id);
    fc.assert(
      fc.property(specs, ({ truth, ...changes }) => {
        const unlabeledTruth = { annotationsUri: 'file:///u.json', imagesUri: 'file:///u' };
        const plan = planPipeline(id, specOf({ ...changes, ...(truth && { unlabeledTruth }) }));
        const done = new Set<string>();
        const ids = plan.map(({ name, needs, service, job, jobId }) => {
          for (const need of needs) expect(done, `${name} needs ${need}`).toContain(need);
          done.add(name);
          const made = job(ended);
          expect(made.service).toBe(service);
          return jobId(made);
        });
        expect(done.size).toBe(plan.length);
        if (!changes.shareStages) expect(new Set(ids).size).toBe(plan.length);
        for (const jobId of ids) expect(jobId).toMatch(/^[A-Za-z0-9_-]{1,128}$/);
      }),
    );
  });

  it('makes job ids that do not depend on when they are made', () => {
    expect(stageJobId('p1', 'evaluate/finetune/warmup/1')).toBe('p1-evaluate-finetune-warmup-1');
  });
});
