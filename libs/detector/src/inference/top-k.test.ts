import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTopK } from './top-k.ts';

it('keeps what a stable sort would put first', () => {
  // Few distinct values, so that ties are common.
  const values = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 });
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 60 }), (numbers, k) => {
      const top = createTopK(k);
      numbers.forEach((value, index) => {
        top.add(value, index);
      });
      const sorted = numbers.map((value, index) => ({ value, index })).sort((a, b) => b.value - a.value);
      expect(top.indices()).toEqual(sorted.slice(0, k).map(({ index }) => index));
    }),
    { seed: 1 },
  );
});
