import { describe, expect, it } from 'vitest';
import { linesOf } from './chart-lines.ts';
import { configDifferences } from './config-differences.ts';
import { Curve } from './curve.ts';
import { decimate } from './decimate.ts';
import { smooth } from './smooth.ts';

/** As JSON has what is no number: types do not know. */
const NULL = null as unknown as number;

const point = (iteration: number, losses: Record<string, number>, learningRate = 0.1) => ({
  ...{ iteration, losses, learningRate, imagesPerSecond: 1 },
});

describe('a curve', () => {
  it('of nothing is empty', () => {
    const curve = new Curve();
    curve.add([]);
    expect([curve.x, [...curve.values]]).toEqual([[], []]);
  });

  it('has all its columns as long as its steps, whatever each point brings', () => {
    const curve = new Curve();
    curve.add([point(1, { cls: 1 }), point(2, {}), point(5, { mask: 2, cls: NULL })]);
    curve.add([point(3, { box: 7 }), point(4, { cls: 3, mask: 4 })]);
    expect(curve.x).toEqual([1, 2, 3, 4]);
    for (const [name, column] of curve.values) expect(column, name).toHaveLength(4);
    expect(Object.fromEntries(curve.values)).toMatchObject({
      'loss/cls': [1, NaN, NaN, 3],
      'loss/mask': [NaN, NaN, NaN, 4],
      'loss/box': [NaN, NaN, 7, NaN],
    });
  });

  it('begins anew where a training does', () => {
    const curve = new Curve();
    curve.add([point(100, { total: 1 }), point(200, { total: 1 })]);
    curve.add([point(1, { total: 9 })]);
    expect([curve.x, curve.values.get('loss/total')]).toEqual([[1], [9]]);
  });

  it('has losses of any name', () => {
    const curve = new Curve();
    for (const name of ['constructor', '__proto__', 'toString', '']) {
      // A name that JSON brings, which an object's own syntax would not make a name.
      curve.add([
        {
          ...point(curve.x.length + 1, {}),
          losses: JSON.parse(`{${JSON.stringify(name)}: 1}`) as Record<string, number>,
        },
      ]);
    }
    expect([...curve.values.keys()].filter((name) => name.startsWith('loss/'))).toEqual([
      'loss/constructor',
      'loss/__proto__',
      'loss/toString',
      'loss/',
    ]);
    expect(curve.values.get('loss/__proto__')).toEqual([NaN, 1, NaN, NaN]);
  });

  it('marks where a loss is no number', () => {
    const curve = new Curve();
    curve.add([point(1, { total: 1 }), point(2, { total: NULL }), point(3, { total: NULL })]);
    expect(curve.values.get('loss/total')).toEqual([1, NaN, NaN]);
  });
});

describe('lines of a chart', () => {
  const run = (id: string, ...totals: readonly number[]) => {
    const curve = new Curve();
    curve.add(totals.map((total, index) => point(index + 1, { total })));
    return { id, curve, training: undefined, error: undefined };
  };

  it('are of the runs that have the value', () => {
    const runs = [run('a', 1, 2), run('b')];
    expect(linesOf(runs, 'loss/total')).toEqual([{ name: 'a', x: [1, 2], y: [1, 2] }]);
    expect(linesOf(runs, 'loss/none')).toEqual([]);
    expect(linesOf([], 'loss/total')).toEqual([]);
  });

  it('are smoothed as much as is wanted', () => {
    const [line] = linesOf([run('a', 0, 1, 1, 1)], 'loss/total', 0.5);
    expect(line?.y.map((value) => value.toFixed(3))).toEqual(['0.000', '0.667', '0.857', '0.933']);
  });
});

describe('smoothing', () => {
  it('leaves gaps as they are, and is not pulled to zero by them', () => {
    expect(smooth([4, NaN, 4, NULL, 4, Infinity, 4], 0.9).map((value) => value?.toFixed(6))).toEqual([
      ...['4.000000', 'NaN', '4.000000', undefined, '4.000000', 'Infinity', '4.000000'],
    ]);
  });

  it('of nothing is nothing, and without weight the values themselves', () => {
    const values = [1, 2];
    expect(smooth([], 0.5)).toEqual([]);
    expect(smooth(values, 0)).toBe(values);
  });

  it('stays between the least and the greatest value', () => {
    const values = Array.from({ length: 500 }, (_, index) => Math.sin(index * index));
    for (const value of smooth(values, 0.97)) expect(Math.abs(value)).toBeLessThanOrEqual(1);
  });
});

describe('a line with fewer points', () => {
  const line = (length: number, of: (index: number) => number) => {
    const x = Array.from({ length }, (_, index) => index);
    return { x, y: x.map(of) };
  };

  it.each([
    [0, 10],
    [1, 10],
    [20, 10],
  ])('of %i is itself where it fits into %i pixels', (length, buckets) => {
    const whole = line(length, (index) => index);
    expect(decimate(whole, -Infinity, Infinity, buckets)).toEqual(whole);
  });

  it('keeps the least and the greatest value of every pixel', () => {
    const whole = line(10_000, (index) => Math.sin(index * 1.7) * index);
    const few = decimate(whole, -Infinity, Infinity, 100);
    for (let pixel = 0; pixel < 100; pixel++) {
      const values = whole.y.slice(100 * pixel, 100 * (pixel + 1));
      const kept = few.y.filter((_, index) => Math.floor((few.x[index] ?? 0) / 100) === pixel);
      expect([Math.min(...kept), Math.max(...kept)]).toEqual([Math.min(...values), Math.max(...values)]);
    }
  });

  it('has peaks beside what is no number', () => {
    const gaps = line(1000, (index) => (index === 7 ? 5 : index === 995 ? -5 : index % 3 === 0 ? 0 : NaN));
    const few = decimate(gaps, -Infinity, Infinity, 20);
    expect(few.y).toEqual(expect.arrayContaining([5, -5]));
    expect(few.x).toEqual(few.x.toSorted((a, b) => a - b));
    // Nothing but gaps is drawn as a gap.
    expect(
      decimate(
        line(1000, () => NaN),
        -Infinity,
        Infinity,
        5,
      ).y,
    ).toEqual([NaN, NaN, NaN, NaN, NaN]);
  });

  it('of a part reaches over its ends, so that it does not stop before them', () => {
    const whole = line(100, (index) => index);
    const part = decimate(whole, 20.5, 30.5, 1000);
    expect([part.x.at(0), part.x.at(-1)]).toEqual([20, 31]);
    expect(decimate(whole, 500, 600, 10).x).toEqual([99]);
    expect(decimate(whole, -20, -10, 10).x).toEqual([0]);
  });
});

describe('differences of configurations', () => {
  it('are none of equal ones, nor of one alone', () => {
    const spec = { a: 1, list: [1, { b: null }] };
    expect(configDifferences([spec, structuredClone(spec)])).toEqual([]);
    expect(configDifferences([spec])).toEqual([]);
    expect(configDifferences([])).toEqual([]);
  });

  it('tell a text from a number, nothing from zero, and one list from a longer one', () => {
    const differences = configDifferences([
      { seed: 1, rate: 0, list: ['a'] },
      { seed: '1', rate: undefined, list: ['a', 'b'] },
    ]);
    expect(differences).toEqual([
      { path: 'seed', values: ['1', '"1"'] },
      { path: 'rate', values: ['0', '–'] },
      { path: 'list.1', values: ['–', '"b"'] },
    ]);
  });

  it('are of all runs, those too whose specification is unknown', () => {
    expect(configDifferences([{ a: 1 }, undefined, { a: 2 }])).toEqual([
      { path: 'a', values: ['1', '–', '2'] },
    ]);
  });
});
