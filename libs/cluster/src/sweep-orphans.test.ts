import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '@cassl/errors';
import { createLogger } from '@cassl/rpc';
import { expect, it } from 'vitest';
import { sweepOrphans } from './sweep-orphans.ts';
import type { WorkPlace } from './work-place.ts';

const logger = createLogger({ name: 'test', level: 'silent' });

it('ends work that nobody wants any more, again and again, also after a look that failed', async () => {
  const running = ['wanted', 'cancelled'];
  let looks = 0;
  const place: Pick<WorkPlace, 'running' | 'end'> = {
    running: () => {
      looks += 1;
      return looks === 1 ? Promise.reject(unavailable('away')) : Promise.resolve([...running]);
    },
    end: (_kind, id) => Promise.resolve(void running.splice(running.indexOf(id), 1)),
  };
  const isWanted = (id: string): Promise<boolean> => Promise.resolve(id === 'wanted');
  const stop = sweepOrphans({ place, kind: 'training', isWanted, logger, everyMs: 10 });
  await expect.poll(() => running).toEqual(['wanted']);
  running.push('gone');
  await expect.poll(() => running).toEqual(['wanted']);
  stop();
  const before = looks;
  await delay(50);
  expect(looks).toBeLessThanOrEqual(before + 1);
});
