import { isEnded } from '@cassl/jobs';
import type { Labeling } from '@cassl/proto';
import { serve, type Logger, type RunningServer } from '@cassl/rpc';
import type { Labelings } from '../labeling/labelings.ts';
import type { ShardQueue } from '../labeling/shard-queue.ts';
import { holdLast } from './hold-last.ts';
import { scalerService } from './scaler-service.ts';
import { createWorkSeconds } from './work-seconds.ts';

export interface ServeScalerOptions {
  readonly host: string;
  /** Unset: nobody asks. */
  readonly scalerPort: number | undefined;
  readonly labelings: Pick<Labelings, 'all'>;
  readonly queue: Pick<ShardQueue, 'counts'>;
  readonly logger: Logger;
}

/** Longer than a broker takes to come back, shorter than what a stale number may cost. */
const HOLD_MS = 120_000;
const COUNT_WITHIN_MS = 2000;

/**
 * A port of its own: KEDA can show no token. It opens when the records have been read, so that a labeler which has just
 * started never says that there is nothing to do.
 */
export async function serveScaler(options: ServeScalerOptions): Promise<RunningServer | undefined> {
  const { host, scalerPort: port, queue, logger } = options;
  if (port === undefined) return undefined;
  const workSeconds = createWorkSeconds();
  const read = holdLast(
    async () => {
      // A paused job wants no workers.
      const labelings = options.labelings.all().filter(({ pause }) => pause === undefined);
      const busyWorkers = await Promise.race([countBusy(labelings, queue), late()]);
      return workSeconds({ labelings, busyWorkers });
    },
    { maxAgeMs: HOLD_MS },
  );
  return serve({ name: 'scaler', services: [scalerService(read)], host, port, logger });
}

async function countBusy(labelings: readonly Labeling[], queue: Pick<ShardQueue, 'counts'>): Promise<number> {
  const open = labelings.flatMap(({ status }) =>
    status === undefined || isEnded(status) ? [] : [status.id],
  );
  const counts = await Promise.all(open.map((id) => queue.counts(id)));
  return counts.reduce((sum, count) => sum + (count?.running ?? 0), 0);
}

function late(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(
      () => reject(new Error(`the broker does not answer within ${COUNT_WITHIN_MS} ms`)),
      COUNT_WITHIN_MS,
    ).unref();
  });
}
