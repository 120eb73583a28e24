import { expect, it } from 'vitest';
import { writtenIds } from './written-ids.ts';

const of = (...lists: (number | bigint | string)[][]): number[] =>
  writtenIds(lists.map((sourceIds) => ({ sourceIds })));

it('writes the ids of the annotations where each category has one that fits', () => {
  expect(of([1], [7], [4294967295])).toEqual([1, 7, 4294967295]);
});

it.each([
  ['merged categories', [[2, 3], [1]]],
  ['ids beyond 2^53', [[9007199254740993n], [1]]],
  ['ids beyond 2^32', [[4294967296], [1]]],
  ['negative ids', [[-1], [2]]],
  ['texts', [['cat'], ['dog']]],
  ['one class of everything', [[], []]],
])('counts from 1 for all where there are %s: no two share an id', (_, lists) => {
  expect(of(...(lists as (number | bigint | string)[][]))).toEqual([1, 2]);
});
