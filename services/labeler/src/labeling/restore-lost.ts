import { setTimeout as delay } from 'node:timers/promises';
import { repeat, type Jobs } from '@cassl/jobs';
import type { Labeling } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import type { JobCatalog } from './job-catalog.ts';

export interface RestoreTimes {
  /** Between two looks. @default 10_000 */
  readonly lookAgainMs?: number;
  /**
   * Who asks for a job before it was looked for is told that there is none; a store that hangs must not hold the service back for longer.
   * @default 5_000
   */
  readonly patienceMs?: number;
}

/** What the broker has lost comes back from object storage: once at the start, and again while a store cannot be read. */
export async function restoreLost(
  jobs: Pick<Jobs<Labeling>, 'list' | 'start'>,
  catalog: JobCatalog,
  logger: Logger,
  { lookAgainMs = 10_000, patienceMs = 5_000 }: RestoreTimes = {},
): Promise<{ readonly stop: () => Promise<void> }> {
  const over = new AbortController();
  const looked = Promise.withResolvers<void>();
  const restore = async (): Promise<void> => {
    const known = new Set(jobs.list().map(({ status }) => status?.id));
    const onDamaged = (error: unknown): void => logger.warn({ err: error }, 'a kept labeling is left out');
    for await (const { id, owner, job } of catalog.lost((id) => known.has(id), onDamaged)) {
      await jobs.start(id, job, { name: owner, quota: {} });
      logger.warn({ labeling: id }, 'the broker has lost this labeling: it is restored from object storage');
    }
    over.abort();
    looked.resolve();
  };
  const { done } = repeat(restore, lookAgainMs, over.signal, (error) =>
    logger.warn({ err: error }, 'cannot look for lost labelings now'),
  );
  await Promise.race([looked.promise, delay(patienceMs, undefined, { ref: false })]);
  return {
    async stop() {
      over.abort();
      await done;
    },
  };
}
