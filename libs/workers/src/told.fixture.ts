/** A worker that does what the tests tell it, and says what became of it. */
import { invalidArgument, unavailable } from '@cassl/errors';
import { setTimeout as delay } from 'node:timers/promises';
import { workerMain } from './worker-main.ts';

await workerMain<object>('told', async ({ folder, report, signal }) => {
  const task = folder.split('/').at(-1);
  await report({ type: 'ready', folder, env: process.env['TOLD'] });
  if (task === 'refused') throw invalidArgument('Spec.size must be 1 to 9, got 10');
  if (task === 'outage') throw unavailable('the registry is away');
  if (task === 'broken') throw new TypeError('no such layer');
  if (task === 'torn-until-stopped') await delay(60_000, undefined, { signal });
  if (task === 'until-stopped') {
    await delay(60_000, undefined, { signal }).catch(() => undefined);
    await report({ type: 'kept', aborted: signal.aborted });
  }
});
