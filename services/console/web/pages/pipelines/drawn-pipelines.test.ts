import { PipelineReport as Report, PipelineSpec, PipelineStage } from '@cassl/proto';
import { h } from 'preact';
import { describe, expect, it } from 'vitest';
import { cellsOf, htmlOf, textOf } from '../../drawn.fixture.ts';
import type { Json } from '../../json.ts';
import { PipelineReport } from './pipeline-report.tsx';
import { planStages } from './plan-stages.ts';
import { StageGraph, type ShownStage } from './stage-graph.tsx';
import { stageTitle } from './stage-titles.ts';

const HEADS = 'Result arm box AP box AP50 class-agnostic box AP mask AP mask AP50 checkpoints';
const HOSTILE = '<img src=x onerror=hacked()>';

function sent<T>(message: T): Json<T> {
  return JSON.parse(JSON.stringify(message)) as Json<T>;
}

describe('the report of a pipeline', () => {
  const drawn = (report: Parameters<typeof Report.fromPartial>[0]) =>
    h(PipelineReport, { report: sent(Report.fromPartial(report)) });

  it('compares the arms, with the spread where there are several seeds', () => {
    const arms = [
      {
        name: 'warmup',
        metrics: { boxAP: { mean: 0.096, std: 0.009, seeds: [0.09, 0.1] } },
        checkpointDigests: ['a'.repeat(64)],
      },
      { name: 'scratch', metrics: { boxAP: { mean: 0.046, std: 0, seeds: [0.046] } } },
      { name: 'own-arm', metrics: {} },
    ];
    const [head, ...rows] = cellsOf(drawn({ arms }));
    expect(head).toEqual([
      'arm',
      'box AP',
      'box AP50',
      'class-agnostic box AP',
      'mask AP',
      'mask AP50',
      'checkpoints',
    ]);
    expect(rows.map((row) => [row[0], row[1], row[2]])).toEqual([
      ['finetuned from the warmup', '9.6 ± 0.9', '–'],
      ['finetuned without warmup', '4.6', '–'],
      ['own-arm', '–', '–'],
    ]);
    expect(rows[0]?.at(-1)).toBe('aaaaaaaaaaaa');
  });

  it('shows a metric that is no number as a dash', () => {
    const arms = [{ name: 'warmup', metrics: { boxAP: { mean: NaN, std: NaN, seeds: [1, 2] } } }];
    expect(cellsOf(drawn({ arms }))[1]?.[1]).toBe('–');
  });

  it.each([
    [{}, 'torch'],
    [{ threshold: 0.5 }, 'Pseudo labels above δ = 0.50 · torch'],
    [
      { threshold: 0.45, precision: 0.9, recall: 0.25 },
      'Pseudo labels above δ = 0.45: precision 90.0 %, recall 25.0 % · torch',
    ],
    // Of no label at all.
    [
      { threshold: 0.99, precision: NaN, recall: 0 },
      'Pseudo labels above δ = 0.99: precision –, recall 0.0 % · torch',
    ],
  ])('says of the pseudo labels what is known: %j', (pseudoLabels, text) => {
    expect(textOf(drawn({ pseudoLabels, engine: 'torch' }))).toBe(`${HEADS} ${text}`);
  });

  it('shows what it says as text', () => {
    expect(
      htmlOf(drawn({ arms: [{ name: HOSTILE, checkpointDigests: [HOSTILE] }], engine: HOSTILE })),
    ).not.toContain('<img');
  });
});

describe('the graph of stages', () => {
  const stage = (name: string, started?: object): ShownStage => ({
    ...{ name, service: 'trainer' as const, needs: [] },
    started: started === undefined ? undefined : sent(PipelineStage.fromPartial(started)),
  });
  const drawn = (...stages: readonly ShownStage[]) =>
    h(StageGraph, { stages, selected: 'warmup', onSelect: () => undefined });

  it('says of each stage its state, how far it is and how long it will take', () => {
    const progress = { done: 5, total: 10, unit: 'iterations', etaSeconds: 90 };
    const text = textOf(
      drawn(stage('labeler', { status: { state: 'JOB_STATE_RUNNING', progress } }), stage('warmup')),
    );
    expect(text).toBe('Train pseudo labeler running 5 of 10 · 1 min 30 s left Warm up planned trainer');
  });

  it('tells screen readers which one is looked at', () => {
    expect(
      [...htmlOf(drawn(stage('labeler'), stage('warmup'))).matchAll(/aria-pressed="(\w+)"/g)].map(
        ([, is]) => is,
      ),
    ).toEqual(['false', 'true']);
  });

  it('shows names as text', () => expect(htmlOf(drawn(stage(HOSTILE)))).not.toContain('<img'));
});

describe('planned stages', () => {
  const plan = (spec: Parameters<typeof PipelineSpec.fromPartial>[0]): Record<string, readonly string[]> =>
    Object.fromEntries(
      planStages(sent(PipelineSpec.fromPartial(spec))).map(({ name, needs }) => [name, needs]),
    );

  it('choose a threshold on held-out images where none is given', () => {
    expect(plan({ arms: ['none'] })).toEqual({
      labeler: [],
      'evaluate/labeler': ['labeler'],
      threshold: ['labeler'],
      labeling: ['labeler', 'threshold'],
      warmup: ['labeling'],
      'evaluate/warmup': ['warmup'],
    });
  });

  it('score the pseudo labels where the truth of the pool is known', () => {
    const unlabeledTruth = { annotationsUri: 'file:///truth.json' };
    expect(plan({ arms: ['none'], threshold: 0.5, unlabeledTruth })).toMatchObject({
      'pseudo-labels': ['labeling'],
    });
    const byScores = { thresholdRule: 'THRESHOLD_RULE_SCORES' as const, unlabeledTruth };
    expect(plan({ arms: ['none'], ...byScores })).toMatchObject({
      'pseudo-labels': ['labeling', 'threshold'],
    });
  });

  it('train nobody to label where people have', () => {
    for (const warmupLabels of ['WARMUP_LABELS_TRUTH', 'WARMUP_LABELS_LABELED'] as const)
      expect(plan({ arms: ['none'], warmupLabels })).toEqual({ warmup: [], 'evaluate/warmup': ['warmup'] });
  });

  it('finetune each arm with each seed, only the first from the warmup', () => {
    const stages = plan({ arms: ['joint', 'warmup'], control: true, seeds: [1, 7], threshold: 0.5 });
    const finetuned = Object.entries(stages).filter(([name]) => name.startsWith('finetune/'));
    expect(finetuned).toEqual([
      ['finetune/warmup/1', ['warmup']],
      ['finetune/control/1', []],
      ['finetune/joint/1', []],
      ['finetune/warmup/7', ['warmup']],
      ['finetune/control/7', []],
      ['finetune/joint/7', []],
    ]);
  });

  it('have one round where a specification says 0, and names of their own in earlier ones', () => {
    expect(Object.keys(plan({ arms: ['none'], threshold: 0.5, rounds: 0 }))).toContain('warmup');
    const rounds = plan({ arms: ['none'], threshold: 0.5, rounds: 3 });
    expect(rounds['labeler/round-2']).toEqual(['warmup/round-1']);
    expect(rounds['labeler']).toEqual(['warmup/round-2']);
    expect(Object.keys(rounds)).toHaveLength(15);
  });
});

describe('the title of a stage', () => {
  it.each([
    ['threshold/round-12', 'Choose threshold δ · round 12'],
    ['finetune/control/3', 'Finetune control · seed 3'],
    ['evaluate/finetune/own-arm/3', 'Evaluate own-arm · seed 3'],
    ['toString', 'toString'],
    ['constructor', 'constructor'],
    ['', ''],
  ])('%j is %j', (name, title) => expect(stageTitle(name)).toBe(title));
});
