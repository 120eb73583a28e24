import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sortByScore } from './sort-by-score.ts';

it('sorts any numbers from high to low and keeps the order of equals', () => {
  const few = fc.constantFrom(0, -0, 0.5, 1, -1, 1e-300, -1e300);
  fc.assert(
    fc.property(fc.array(fc.oneof(few, fc.double({ noNaN: true }))), (scores) => {
      const expected = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
      // Infinity - Infinity is no comparison, so compare values and then positions.
      expected.sort((a, b) => (scores[a]! > scores[b]! ? -1 : scores[a]! < scores[b]! ? 1 : a - b));
      expect(Array.from(sortByScore(Float64Array.from(scores), scores.length))).toEqual(expected);
    }),
  );
});
