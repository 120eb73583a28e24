import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '@cassl/errors';
import type { Logger } from '@cassl/rpc';
import type { WorkPlace } from './work-place.ts';

export interface SweepOrphansOptions {
  readonly place: Pick<WorkPlace, 'running' | 'end'>;
  readonly kind: string;
  /** Whether the job is there and has not ended. */
  readonly isWanted: (id: string) => Promise<boolean>;
  readonly logger: Logger;
  /** @default 60_000 */
  readonly everyMs?: number;
}

/**
 * Ends, now and every minute, the work of jobs that are over: one that was cancelled while no service led it.
 * Answers what stops looking.
 */
export function sweepOrphans(options: SweepOrphansOptions): () => void {
  const { kind, logger, everyMs = 60_000 } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await sweepOnce(options).catch((error: unknown) =>
        logger.warn({ reason: errorMessage(error) }, `cannot look for ${kind}s that nobody wants any more`),
      );
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  };
  void loop();
  return () => stopping.abort();
}

async function sweepOnce({ place, kind, isWanted, logger }: SweepOrphansOptions): Promise<void> {
  for (const id of await place.running(kind)) {
    if (await isWanted(id)) continue;
    logger.warn({ [kind]: id }, `ending the work of a ${kind} that is over`);
    await place.end(kind, id);
  }
}
