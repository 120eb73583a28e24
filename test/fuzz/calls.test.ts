import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzzSlice } from './fuzz-slice.ts';
import { openPlatform, type FuzzedPlatform } from './open-platform.ts';

/** As many of `make fuzz`'s inputs as a test run takes. */
const COUNT = 400;

describe('every RPC and HTTP route of the services', () => {
  let platform: FuzzedPlatform;
  beforeAll(async () => {
    platform = await openPlatform({ withModel: false });
  }, 180_000);
  afterAll(async () => {
    await platform?.close();
  }, 120_000);

  it.each([0, 1])(
    `answers ${COUNT} hostile requests with what is wrong, and hangs at none (target %i)`,
    async (at) => {
      const { findings } = await fuzzSlice(platform.targets[at]!, { seed: 1, first: 0, count: COUNT });
      expect(findings).toEqual([]);
    },
    600_000,
  );
});
