import type { EventConnection } from '@cassl/events';
import { unavailable } from '@cassl/errors';
import { serve, type Logger, type RunningServer } from '@cassl/rpc';
import type { Labelings } from '../labeling/labelings.ts';
import { secondsToDrain } from '../labeling/seconds-to-drain.ts';
import { holdLast } from './hold-last.ts';
import { scalerService } from './scaler-service.ts';

export interface ServeScalerOptions {
  readonly host: string;
  /** Unset: nobody asks. */
  readonly scalerPort: number | undefined;
  readonly labelings: Pick<Labelings, 'all'>;
  readonly connection: Pick<EventConnection, 'isConnected'>;
  readonly logger: Logger;
}

/** Longer than a broker takes to come back, shorter than what a stale number may cost. */
const HOLD_MS = 120_000;

/**
 * A port of its own: KEDA can show no token. It opens when the records have been read, so that a labeler which has just
 * started never says that there is nothing to do.
 */
export async function serveScaler(options: ServeScalerOptions): Promise<RunningServer | undefined> {
  const { host, scalerPort: port, labelings, connection, logger } = options;
  if (port === undefined) return undefined;
  const read = holdLast(
    async () => {
      // While the broker is away records are as old as its last word.
      if (!(await connection.isConnected())) throw unavailable('the broker does not answer');
      return labelings.all();
    },
    { maxAgeMs: HOLD_MS },
  );
  const service = scalerService(async (scope) => secondsToDrain(await read(), scope));
  return serve({ name: 'scaler', services: [service], host, port, logger });
}
