import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fuzzSlice } from './fuzz-slice.ts';
import { createRandom, inputRandom } from './random.ts';
import { readerTargets } from './reader-targets.ts';

/** As many of `make fuzz`'s inputs as a test run takes. */
const COUNT = 150;
const folder = mkdtempSync(join(tmpdir(), 'cassl-fuzz-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(await readerTargets(folder))(
  `of $name: ${COUNT} damaged inputs are read, or refused by an error of ours, in time`,
  async (target) => {
    const { findings } = await fuzzSlice(target, { seed: 1, first: 0, count: COUNT });
    expect(findings).toEqual([]);
  },
  600_000,
);

it('an input is the same alone as in the middle of a run, and no two begin alike', () => {
  const begin = (number: number): number[] => {
    const random = inputRandom(1, number);
    return [random.next(), random.next()];
  };
  expect(begin(77)).toEqual(begin(77));
  expect(new Set(Array.from({ length: 10_000 }, (_, number) => begin(number).join())).size).toBe(10_000);
  expect(createRandom(1).next()).not.toBe(inputRandom(1, 0).next());
});
