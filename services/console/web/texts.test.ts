import { describe, expect, it } from 'vitest';
import { bytes, clock, count, duration, number, percent, shortDigest } from './format.ts';
import { signedPercent } from './pages/experiments/signed-percent.ts';
import { shownState } from './pages/labelings/shown-state.ts';
import { countAbove, qualityAt } from './pages/labelings/threshold-facts.ts';
import { stageTitle } from './pages/pipelines/stage-titles.ts';
import { ruleText } from './pages/registry/rule-text.ts';
import { stageName } from './pages/registry/stage-name.ts';
import { layoutGraph } from './parts/layout-graph.ts';
import { elapsedSeconds, progressText, shortProgressText } from './parts/progress.tsx';

describe('numbers on pages', () => {
  it.each([
    [0, '0 s'],
    [75, '1 min 15 s'],
    [7500, '2 h 5 min'],
    [200_000, '2 d 7 h'],
    [-1, '–'],
    [NaN, '–'],
  ])('are times that people say: %d s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it('have three digits, units, and signs', () => {
    expect([0.012345, 1234.5, 0, Infinity].map(number)).toEqual(['0.0123', '1,235', '0', '–']);
    expect([999, 1500, 3.6e6, 9e15].map(bytes)).toEqual(['999 B', '1.5 kB', '3.6 MB', '9000.0 TB']);
    expect([percent(0.1234), percent(1, 0), count(1_234_567)]).toEqual(['12.3 %', '100 %', '1,234,567']);
    expect([0.0193, -0.004, 0].map(signedPercent)).toEqual(['+1.9', '−0.4', '+0.0']);
    expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab');
  });

  it('are times of day today, and dates before', () => {
    const now = new Date();
    expect(clock(now.toISOString())).toBe(now.toLocaleTimeString('en-GB'));
    expect(clock('2020-02-03T12:00:00Z')).toMatch(/^3 Feb 2020/);
    expect(clock(undefined)).toBe('–');
  });
});

describe('the words for a job', () => {
  const status = {
    ...{ id: 'a', attempt: 1, leader: '', traceParent: '', error: undefined },
    state: 'JOB_STATE_RUNNING' as const,
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: '2026-01-01T00:00:10Z',
    finishedAt: undefined,
    progress: { done: 120, total: 900, unit: 'iterations', rate: 8.1, etaSeconds: 96, message: '' },
  };

  it('say how far and how fast it is while it runs, and how far it came', () => {
    const running = status as unknown as Parameters<typeof progressText>[0];
    expect(progressText(running)).toBe('120 of 900 iterations · 8.1 iterations/s · 1 min 36 s left');
    expect(shortProgressText(running)).toBe('120 of 900 · 1 min 36 s left');
    const ended = { ...status, state: 'JOB_STATE_FAILED', finishedAt: '2026-01-01T00:01:10Z' };
    const failed = ended as unknown as Parameters<typeof progressText>[0];
    expect([progressText(failed), shortProgressText(failed)]).toEqual([
      '120 of 900 iterations',
      '120 of 900',
    ]);
    expect(elapsedSeconds(failed)).toBe(60);
    expect([progressText(undefined), shortProgressText(undefined)]).toEqual(['', '']);
  });

  it('call a held labeling paused', () => {
    const labeling = { status, pause: { reason: 'x' } } as unknown as Parameters<typeof shownState>[0];
    expect(shownState(labeling)).toBe('paused');
    expect(shownState({ ...labeling, pause: undefined })).toBe('JOB_STATE_RUNNING');
  });

  it('name stages by what they do', () => {
    expect(
      ['labeler', 'finetune/warmup/1', 'evaluate/finetune/scratch/2', 'warmup/round-2', 'own'].map(
        stageTitle,
      ),
    ).toEqual([
      'Train pseudo labeler',
      'Finetune warmup · seed 1',
      'Evaluate scratch · seed 2',
      'Warm up · round 2',
      'own',
    ]);
    expect([stageName('STAGE_WARMUP'), stageName(undefined)]).toEqual(['warmup', 'imported']);
  });
});

describe('thresholds', () => {
  it('keep what lies strictly above them', () => {
    const bins = new Array<number>(100).fill(0);
    bins[29] = 5;
    bins[30] = 7;
    expect([0, 0.3, 0.31].map((threshold) => countAbove(bins, threshold))).toEqual([12, 7, 0]);
  });

  it('are as good as the nearest that was measured', () => {
    expect(qualityAt([{ threshold: 0.1 }, { threshold: 0.5 }], 0.4)).toEqual({ threshold: 0.5 });
    expect(qualityAt([], 0.4)).toBeUndefined();
  });
});

describe('a rule of an alias', () => {
  const none = {
    metric: 'bbox/AP',
    datasetDigest: '',
    lowerIsBetter: false,
    stage: 'STAGE_UNSPECIFIED' as const,
  };

  it('is told in words', () => {
    expect(ruleText({ ...none, minValue: 0.3, licenses: [] })).toBe('bbox/AP ≥ 0.3');
    const strict = { ...none, lowerIsBetter: true, margin: 0.1, stage: 'STAGE_FINETUNE' as const };
    expect(ruleText({ ...strict, licenses: ['MIT', 'Apache-2.0'] })).toBe(
      'bbox/AP lower than now by 0.1; made by finetune; licences MIT, Apache-2.0',
    );
    expect(ruleText(undefined)).toBe('');
  });
});

describe('a graph of stages', () => {
  it('puts each one column behind the last that it needs, and draws no line to what is not there', () => {
    const items = [
      { name: 'a', needs: [] },
      { name: 'b', needs: ['a'] },
      { name: 'c', needs: ['a', 'b'] },
      { name: 'd', needs: ['gone'] },
    ];
    const { nodes, edges, columns, rows } = layoutGraph(items);
    expect(nodes.map(({ item, column, row }) => [item.name, column, row])).toEqual([
      ['a', 0, 0],
      ['b', 1, 0],
      ['c', 2, 0],
      ['d', 0, 1],
    ]);
    expect(edges.map(({ from, to }) => from.item.name + to.item.name)).toEqual(['ab', 'ac', 'bc']);
    expect([columns, rows]).toEqual([3, 2]);
  });
});
