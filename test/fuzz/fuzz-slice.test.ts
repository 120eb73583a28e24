import { expect, it } from 'vitest';
import { fuzzSlice } from './fuzz-slice.ts';
import type { FuzzTarget } from './fuzz-target.ts';

it('ends between two inputs when its time is over, and says how many there were', async () => {
  let runs = 0;
  const target: FuzzTarget = {
    name: 'slow',
    run: () => Promise.resolve({ code: ++runs % 2 === 0 ? 'OK' : 'INVALID_ARGUMENT' }),
    close: () => undefined,
  };
  const slice = { seed: 1, first: 10, count: 100, isOver: () => runs === 5 };
  expect(await fuzzSlice(target, slice)).toEqual({
    count: 5,
    codes: { OK: 2, INVALID_ARGUMENT: 3 },
    findings: [],
  });
  expect(await fuzzSlice(target, { seed: 1, first: 0, count: 7 })).toMatchObject({ count: 7 });
});
