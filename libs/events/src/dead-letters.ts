import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredMsg } from '@nats-io/jetstream';
import { keepAsking } from './keep-asking.ts';
import { hasApiCode } from './nats-error.ts';
import { pullMessages } from './pull-messages.ts';
import { deathReason, itemHeaders, itemIdentity, type DeadItem } from './work-item.ts';
import { UNDERTAKER, WORKERS, type QueueParts } from './queue-parts.ts';

const NO_MESSAGE = 10037;
const SWEEP_EVERY_MS = 30_000;

/**
 * Moves an item to the dead ones. Repeating it is harmless. An item that no worker will get again stays in the stream
 * otherwise, unseen, for ever.
 */
export async function bury<T>(parts: QueueParts<T>, sequence: number, reason: string): Promise<void> {
  const { connection, stream, deadSubject } = parts;
  await keepAsking(connection, `put item ${sequence} of ${stream} aside`, async () => {
    const message = await messageAt(parts, stream, sequence);
    if (message === undefined) return;
    const identity = itemIdentity({ subject: message.subject, headers: message.header });
    await connection.js.publish(deadSubject(identity.job), message.data, {
      msgID: `${stream}.${sequence}`,
      headers: itemHeaders(identity, reason),
    });
    await removeAt(parts, stream, sequence);
  });
}

/** Reads dead items one by one, which are few; by subject where one job is asked for. */
export async function listDead<T>(parts: QueueParts<T>, job: string | undefined): Promise<DeadItem<T>[]> {
  const { connection, deadStream, deadSubject } = parts;
  return keepAsking(connection, `list ${deadStream}`, async () => {
    const subject = job === undefined ? undefined : deadSubject(job);
    const { state } = await connection.jsm.streams.info(deadStream);
    const items: DeadItem<T>[] = [];
    for (let next = state.first_seq; state.messages > 0 && next <= state.last_seq; next++) {
      const message = await messageAt(parts, deadStream, next);
      if (message !== undefined && (subject === undefined || message.subject === subject)) {
        items.push(deadItem(parts, message));
      }
    }
    return items;
  });
}

/** Takes an item from the dead ones after it was put back. */
export async function requeueDead<T>(parts: QueueParts<T>, sequence: number): Promise<void> {
  await keepAsking(parts.connection, `requeue ${sequence}`, () =>
    removeAt(parts, parts.deadStream, sequence),
  );
}

/** Follows the server's advisories, and looks now and then for items whose advisory was lost. */
export async function collectDead<T>(
  parts: QueueParts<T>,
  options: { readonly signal: AbortSignal; readonly sweepEveryMs?: number },
): Promise<void> {
  const { signal, sweepEveryMs = SWEEP_EVERY_MS } = options;
  await Promise.all([followAdvisories(parts, signal), sweepForever(parts, sweepEveryMs, signal)]);
}

async function followAdvisories<T>(parts: QueueParts<T>, signal: AbortSignal): Promise<void> {
  const { connection, adviceStream, ensure } = parts;
  for await (const advisory of pullMessages(connection, adviceStream, UNDERTAKER, ensure, signal)) {
    const { stream_seq: sequence, deliveries } = advisory.json<{ stream_seq: number; deliveries: number }>();
    try {
      await bury(parts, sequence, unanswered(deliveries));
      advisory.ack();
    } catch {
      // Not acknowledged, so it comes again.
    }
  }
}

async function sweepForever<T>(parts: QueueParts<T>, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sweep(parts).catch(() => undefined);
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Advisories are plain messages and can be missed. When no item is with a worker, whatever lies at or before the last
 * delivered position has used up its deliveries.
 */
async function sweep<T>(parts: QueueParts<T>): Promise<void> {
  const { connection, stream, maxDeliver } = parts;
  const [{ state }, workers] = await Promise.all([
    connection.jsm.streams.info(stream),
    connection.jsm.consumers.info(stream, WORKERS),
  ]);
  const delivered = workers.delivered.stream_seq;
  if (workers.num_ack_pending > 0 || state.messages <= workers.num_pending) return;
  for (let sequence = state.first_seq; sequence <= delivered; sequence++) {
    await bury(parts, sequence, unanswered(maxDeliver));
  }
}

function unanswered(deliveries: number): string {
  return `DEADLINE_EXCEEDED: delivered ${deliveries} times, and each time its worker died or went silent`;
}

function deadItem<T>({ codec }: QueueParts<T>, message: StoredMsg): DeadItem<T> {
  return {
    ...itemIdentity({ subject: message.subject, headers: message.header }),
    payload: codec.decode(message.data),
    reason: deathReason(message),
    diedAt: message.time,
    sequence: message.seq,
  };
}

async function messageAt<T>(
  { connection }: QueueParts<T>,
  stream: string,
  sequence: number,
): Promise<StoredMsg | undefined> {
  try {
    return (await connection.jsm.streams.getMessage(stream, { seq: sequence })) ?? undefined;
  } catch (error) {
    if (hasApiCode(error, NO_MESSAGE)) return undefined;
    throw error;
  }
}

async function removeAt<T>({ connection }: QueueParts<T>, stream: string, sequence: number): Promise<void> {
  try {
    await connection.jsm.streams.deleteMessage(stream, sequence, false);
  } catch (error) {
    // Gone already: another one moved it, or an earlier try did.
    if ((await messageAt({ connection } as QueueParts<T>, stream, sequence)) !== undefined) throw error;
  }
}
