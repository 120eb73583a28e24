import type { WorkQueue } from '@cassl/events';
import type { JobRecords } from '@cassl/jobs';
import type { Labeling, LabelingShard } from '@cassl/proto';
import { serve, type Logger, type RunningServer } from '@cassl/rpc';
import { holdLast } from './hold-last.ts';
import { scalerService } from './scaler-service.ts';
import { createWorkSeconds } from './work-seconds.ts';

export interface ServeScalerOptions {
  readonly host: string;
  /** Unset: nobody asks. */
  readonly scalerPort: number | undefined;
  readonly records: Pick<JobRecords<Labeling>, 'list'>;
  readonly queue: Pick<WorkQueue<LabelingShard>, 'counts'>;
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
  const { host, scalerPort: port, records, queue, logger } = options;
  if (port === undefined) return undefined;
  const workSeconds = createWorkSeconds();
  const read = holdLast(
    async () => {
      const labelings = records.list();
      const counts = await Promise.race([queue.counts(), late()]);
      return workSeconds({ labelings, busyWorkers: counts.running });
    },
    { maxAgeMs: HOLD_MS },
  );
  return serve({ name: 'scaler', services: [scalerService(read)], host, port, logger });
}

function late(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(
      () => reject(new Error(`the broker does not answer within ${COUNT_WITHIN_MS} ms`)),
      COUNT_WITHIN_MS,
    ).unref();
  });
}
