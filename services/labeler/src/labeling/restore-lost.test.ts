import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '@cassl/errors';
import type { Labeling } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { describe, expect, it } from 'vitest';
import { labelingOf } from './commit.fixture.ts';
import type { LostLabeling } from './job-catalog.ts';
import { restoreLost } from './restore-lost.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const lostOf = (id: string, owner = 'ada'): LostLabeling => ({ id, owner, job: labelingOf(id) });

/** Jobs that know some, and what was started beside them. */
function jobsWith(...known: readonly string[]) {
  const started: [id: string, owner: string | undefined][] = [];
  return {
    started,
    list: (): readonly Labeling[] => known.map((id) => labelingOf(id)),
    start: (id: string, job: Labeling, owner?: { readonly name: string }): Promise<Labeling> => {
      started.push([id, owner?.name]);
      return Promise.resolve(job);
    },
  };
}

/** A catalog that answers so at each look. */
function catalogOf(...looks: readonly (readonly LostLabeling[] | Error)[]) {
  const seen: boolean[] = [];
  let times = 0;
  return {
    seen,
    get times() {
      return times;
    },
    keep: () => Promise.resolve(),
    async *lost(isKnown: (id: string) => boolean): AsyncGenerator<LostLabeling, void> {
      const look = looks[Math.min(times++, looks.length - 1)] ?? [];
      if (look instanceof Error) throw look;
      for (const each of look) {
        seen.push(isKnown(each.id));
        yield await Promise.resolve(each);
      }
    },
  };
}

const QUICKLY = { lookAgainMs: 20, patienceMs: 50 };
const pause = (): Promise<void> => delay(100);

describe('labelings that the broker has lost', () => {
  it('are started again in the name of whoever owned them, before anybody is answered', async () => {
    const jobs = jobsWith('known');
    const catalog = catalogOf([lostOf('a'), lostOf('b', 'bob')]);
    const { stop } = await restoreLost(jobs, catalog, logger);
    expect(jobs.started).toEqual([
      ['a', 'ada'],
      ['b', 'bob'],
    ]);
    await stop();
  });

  it('are told apart from those that are known', async () => {
    const catalog = catalogOf([lostOf('known'), lostOf('a')]);
    const { stop } = await restoreLost(jobsWith('known'), catalog, logger);
    expect(catalog.seen).toEqual([true, false]);
    await stop();
  });

  it('are looked for once where the store answers', async () => {
    const catalog = catalogOf([]);
    const { stop } = await restoreLost(jobsWith(), catalog, logger, QUICKLY);
    await pause();
    expect(catalog.times).toBe(1);
    await stop();
  });

  it('are looked for again while the store is away', async () => {
    const jobs = jobsWith();
    const catalog = catalogOf(unavailable('the store is away'), unavailable('still'), [lostOf('late')]);
    const { stop } = await restoreLost(jobs, catalog, logger, QUICKLY);
    await expect.poll(() => jobs.started, { timeout: 30_000 }).toEqual([['late', 'ada']]);
    expect(catalog.times).toBe(3);
    await stop();
  });

  it('hold no service back where the store hangs', async () => {
    const jobs = jobsWith();
    const store = Promise.withResolvers<void>();
    const hanging = {
      ...catalogOf([]),
      async *lost(): AsyncGenerator<LostLabeling, void> {
        await store.promise;
        yield lostOf('late');
      },
    };
    const { stop } = await restoreLost(jobs, hanging, logger, QUICKLY);
    expect(jobs.started).toEqual([]);
    store.resolve();
    await expect.poll(() => jobs.started, { timeout: 30_000 }).toEqual([['late', 'ada']]);
    await stop();
  });

  it('are given up when the service stops', async () => {
    const catalog = catalogOf(unavailable('away'));
    const { stop } = await restoreLost(jobsWith(), catalog, logger, QUICKLY);
    await stop();
    const before = catalog.times;
    expect(before).toBeGreaterThan(0);
    await pause();
    expect(catalog.times).toBe(before);
  });
});
