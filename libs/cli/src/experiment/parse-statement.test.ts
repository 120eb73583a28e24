import { describe, expect, it } from 'vitest';
import { parseStatement } from './parse-statement.ts';

describe('parseStatement', () => {
  it('reads a difference, its margin and its terms', () => {
    expect(parseStatement('gain', 'few-labels.boxAP > none.boxAP by 0.01')).toEqual([
      {
        name: 'gain',
        text: 'few-labels.boxAP > none.boxAP by 0.01',
        relation: 'above',
        margin: 0.01,
        difference: [
          { sign: 1, arm: 'few-labels', metric: 'boxAP' },
          { sign: -1, arm: 'none', metric: 'boxAP' },
        ],
      },
    ]);
  });

  it('turns the signs of the right side round, and takes earlier stages and constants', () => {
    const [statement] = parseStatement('gap', 'a.boxAP - b.warmup.boxAPAgnostic > c.labels.precision - 0.2');
    expect(statement?.difference).toEqual([
      { sign: 1, arm: 'a', metric: 'boxAP' },
      { sign: -1, arm: 'b', metric: 'warmup.boxAPAgnostic' },
      { sign: -1, arm: 'c', metric: 'labels.precision' },
      { sign: 1, constant: 0.2 },
    ]);
  });

  it('makes one statement of each neighbours of a chain', () => {
    expect(
      parseStatement('order', 'a.boxAP > b.boxAP > c.boxAP').map(({ name, text }) => [name, text]),
    ).toEqual([
      ['order 1', 'a.boxAP > b.boxAP'],
      ['order 2', 'b.boxAP > c.boxAP'],
    ]);
  });

  it('reads sameness within a bound', () => {
    expect(parseStatement('same', 'a.boxAP ~ b.boxAP within 0.02')).toMatchObject([
      { relation: 'same', margin: 0.02 },
    ]);
  });

  it.each([
    ['a.boxAP', 'nothing is compared'],
    ['a.boxAP ~ b.boxAP', 'sameness needs its bound'],
    ['a.boxAP > b.boxAP within 0.1', 'within belongs to sameness'],
    ['a.boxAP > b', 'an arm alone is no number'],
    ['a.boxAP < b.boxAP', 'the larger stands left'],
    ['A.boxAP > b.boxAP', 'arms are written small'],
  ])('refuses %s: %s', (text) => {
    expect(() => parseStatement('x', text)).toThrow(/statements\.x: cannot read .*; write for example/);
  });
});
