import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '@cassl/errors';
import { connectEvents, openEvents, type EventBus, type EventConnection } from '@cassl/events';
import { Event } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { tryLease } from '../database/lease.ts';
import type { Registry } from '../registry.ts';
import { wakeUp } from './watch-changes.ts';

const POLL_MS = 5_000;
const RETRY_MS = 1_000;
/** Watchers that were away for longer read the registry anew. */
const KEPT_MS = 7 * 86_400_000;

/**
 * Publishes recorded events to nats-server, in order, until the signal aborts. None is lost while the server is away: an
 * event leaves the database only when the server has it. A crash in between publishes it twice, with the same id.
 */
export async function relayEvents(
  registry: Registry,
  options: { readonly natsUrl: string; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const { natsUrl, logger, signal } = options;
  let connection: EventConnection | undefined;
  let bus: EventBus | undefined;
  let isWarned = false;
  while (!signal.aborted) {
    const woken = wakeUp(registry, POLL_MS, signal);
    try {
      connection ??= await connectEvents({ servers: natsUrl, name: 'registry', connectTimeoutMs: 2_000 });
      bus ??= await openEvents(connection);
      const count = await relayOnce(registry, bus);
      isWarned = false;
      await woken(count > 0);
    } catch (error) {
      if (!isWarned) logger.warn({ reason: errorMessage(error) }, 'events wait for nats-server');
      isWarned = true;
      await woken(true);
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  await connection?.close();
}

/** Replicas take turns, so that events keep their order. */
async function relayOnce({ db }: Registry, bus: EventBus): Promise<number> {
  const lease = await tryLease(db, 'events');
  if (lease === undefined) return 0;
  try {
    return await relayWaiting(db, bus);
  } finally {
    await lease.release();
  }
}

async function relayWaiting(db: Registry['db'], bus: EventBus): Promise<number> {
  const rows = await db
    .selectFrom('changes')
    .select(['sequence', 'event'])
    .where('event', 'is not', null)
    .orderBy('sequence')
    .limit(100)
    .execute();
  for (const { sequence, event } of rows) {
    if (event !== null) await bus.publish(Event.decode(event));
    await db.updateTable('changes').set({ event: null }).where('sequence', '=', sequence).execute();
  }
  await db
    .deleteFrom('changes')
    .where('event', 'is', null)
    .where('created_at', '<', new Date(Date.now() - KEPT_MS))
    .execute();
  return rows.length;
}
