import { describe, expect, it } from 'vitest';
import { judgeStatement, overallVerdict } from './judge-statement.ts';
import { meanAndSpread, pairedInterval, studentQuantile95 } from './paired-interval.ts';
import { parseStatement } from './parse-statement.ts';

const seeds = (a: readonly number[], b: readonly number[]): Record<string, Record<string, number>>[] =>
  a.map((value, index) => ({ a: { boxAP: value }, b: { boxAP: b[index]! } }));

const judge = (text: string, a: readonly number[], b: readonly number[]): string =>
  judgeStatement(parseStatement('s', text)[0]!, seeds(a, b)).verdict;

describe('pairedInterval', () => {
  it('is that of scipy.stats.t.interval', () => {
    // t.interval(0.95, 2, mean([1, 2, 4]), sem([1, 2, 4]))
    const [low, high] = pairedInterval([1, 2, 4]);
    expect(low).toBeCloseTo(-1.461249, 4);
    expect(high).toBeCloseTo(6.127916, 4);
  });

  it('goes on beyond the table of quantiles without a step', () => {
    expect(studentQuantile95(30)).toBeCloseTo(2.04227, 5);
    // t.ppf(0.975, [31, 60, 99])
    expect(studentQuantile95(31)).toBeCloseTo(2.03951, 3);
    expect(studentQuantile95(60)).toBeCloseTo(2.0003, 3);
    expect(studentQuantile95(99)).toBeCloseTo(1.98422, 3);
  });

  it('says nothing about one seed', () => {
    expect(pairedInterval([0.3])).toEqual([-Infinity, Infinity]);
    expect(meanAndSpread([0.3])).toEqual({ mean: 0.3, std: 0 });
  });
});

describe('judgeStatement', () => {
  it('is decided by the interval, not by the mean', () => {
    expect(judge('a.boxAP > b.boxAP', [0.31, 0.32, 0.33], [0.2, 0.21, 0.23])).toBe('holds');
    expect(judge('a.boxAP > b.boxAP', [0.9, 0.3, 0.3], [0.3, 0.29, 0.31])).toBe('undecided');
    expect(judge('b.boxAP > a.boxAP', [0.31, 0.32, 0.33], [0.2, 0.21, 0.23])).toBe('fails');
  });

  it('wants the interval above the margin', () => {
    const [a, b] = [
      [0.31, 0.32, 0.33],
      [0.29, 0.3, 0.31],
    ];
    expect(judge('a.boxAP > b.boxAP by 0.01', a, b)).toBe('holds');
    expect(judge('a.boxAP > b.boxAP by 0.03', a, b)).toBe('fails');
  });

  it('wants all of the interval inside the bound for sameness', () => {
    const b = [0.2, 0.3, 0.4];
    expect(judge('a.boxAP ~ b.boxAP within 0.02', [0.201, 0.302, 0.4], b)).toBe('holds');
    expect(judge('a.boxAP ~ b.boxAP within 0.02', [0.25, 0.351, 0.45], b)).toBe('fails');
    expect(judge('a.boxAP ~ b.boxAP within 0.02', [0.15, 0.35, 0.4], b)).toBe('undecided');
  });

  it('names what an arm has where it lacks the metric', () => {
    const [statement] = parseStatement('s', 'a.maskAP > b.boxAP');
    expect(() => judgeStatement(statement!, seeds([0.1], [0.1]))).toThrow(
      'statements.s: a has no maskAP; it has boxAP',
    );
  });

  it('lets a claim hold only where every statement does', () => {
    expect(overallVerdict(['holds', 'holds'])).toBe('holds');
    expect(overallVerdict(['holds', 'undecided'])).toBe('undecided');
    expect(overallVerdict(['holds', 'undecided', 'fails'])).toBe('fails');
    expect(overallVerdict([])).toBe('undecided');
  });
});
