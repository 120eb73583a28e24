import { h } from 'preact';
import { describe, expect, it } from 'vitest';
import type { ExperimentRecord } from '../../../src/contract/experiment-record.ts';
import { cellsOf, factsOf, htmlOf, textOf } from '../../drawn.fixture.ts';
import { ExperimentBody } from './experiment-body.tsx';
import { IntervalPlot } from './interval-plot.tsx';

const HOSTILE = '<img src=x onerror=hacked()>';

function record(result: Partial<ExperimentRecord['result']>, progress = {}): ExperimentRecord {
  return {
    result: {
      ...{ experiment: 'e', claim: 'warmup helps', verdict: 'undecided', commands: [], engine: '' },
      ...{
        seeds: [],
        missingSeeds: [],
        difference: {},
        interval: {},
        statements: {},
        summary: {},
        compute: {},
      },
      ...result,
    },
    progress: { done: 0, total: 0, running: [], failed: [], ...progress },
    changedAt: '2020-02-03T12:00:00Z',
  };
}

const body = (result: Partial<ExperimentRecord['result']>, progress?: object) =>
  h(ExperimentBody, { record: record(result, progress) });

describe('an experiment', () => {
  it('that has just begun says what it waits for, and shows no number yet', () => {
    const shown = body({ missingSeeds: [1, 2] }, { total: 6, running: ['warm, seed 1'] });
    expect(textOf(shown)).toContain('Judged once every arm has ended with a first seed.');
    expect(factsOf(shown)).toMatchObject({
      pipelines: '0 of 6',
      running: 'warm, seed 1',
      'whole seeds': 'none yet',
      'seeds to come': '1, 2',
    });
    expect(factsOf(shown)).not.toHaveProperty('failed');
    expect(htmlOf(shown)).not.toContain('NaN');
  });

  it('with one seed has a difference without an interval', () => {
    const statements = { detector: { says: 'warm.boxAP > cold.boxAP', verdict: 'undecided' as const } };
    const [, row] = cellsOf(body({ seeds: [1], statements, difference: { detector: 0.019 } }));
    expect(row?.slice(0, 4)).toEqual(['detector', '+1.9', 'needs two seeds', '']);
  });

  it('draws the intervals of all statements to one scale', () => {
    const says = { says: HOSTILE, verdict: 'holds' as const };
    const shown = body({
      statements: { a: says, b: says },
      difference: { a: 0.01, b: 0.001 },
      interval: { a: [0.005, 0.02], b: [-0.001, 0.003] },
    });
    const [a = '', b = ''] = htmlOf(shown).match(/<svg.*?<\/svg>/gs) ?? [];
    const middle = (svg: string): number => Number(/<circle cx="([\d.]+)"/.exec(svg)?.[1]);
    // Ten times as far from zero.
    expect((middle(a) - 120) / (middle(b) - 120)).toBeCloseTo(10, 6);
    expect(htmlOf(shown)).not.toContain('<img');
  });

  it('shows of its arms what was measured, in the order that everybody knows', () => {
    const ap = (mean: number) => ({ mean, std: 0.01 });
    const shown = body({
      summary: { warm: { maskAP: ap(0.2), boxAP: ap(0.1) }, cold: { boxAP: ap(0.05) } },
      compute: { warm: { iterations: 2700, images: 43_200, seconds: 3700 } },
    });
    expect(cellsOf(shown)).toEqual([
      ['arm', 'boxAP', 'maskAP', 'iterations', 'images', 'training'],
      ['warm', '10.0 ± 1.0', '20.0 ± 1.0', '2,700', '43,200', '1 h 1 min'],
      ['cold', '5.0 ± 1.0', '–', '0', '0', '–'],
    ]);
  });
});

describe('an interval beside zero', () => {
  const drawn = (difference: number, interval: readonly [number, number]): string =>
    htmlOf(h(IntervalPlot, { name: 'detector', difference, interval, reach: 0.02 }));

  it('is told in words, and stays in its drawing', () => {
    const html = drawn(0.01, [-0.02, 0.02]);
    expect(html).toContain('aria-label="detector: +1.0, from −2.0 to +2.0"');
    expect(html).toMatch(/x1="0" x2="240"/);
    expect(html).toContain('cx="180"');
  });

  it('of one point at zero stands in the middle', () => expect(drawn(0, [0, 0])).toContain('cx="120"'));
});
