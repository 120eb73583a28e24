import { randomUUID } from 'node:crypto';
import { Event } from '@cassl/proto';
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { EventConnection } from './connect-events.ts';
import { ensureConsumer, ensureStream, fadingStream } from './ensure-stream.ts';
import { eventKind, type EventKind } from './event-kind.ts';
import { keepPublishing } from './keep-asking.ts';
import { checkToken } from './names.ts';
import { isUntaken } from './nats-error.ts';
import { pullMessages } from './pull-messages.ts';
import { withTrace } from './trace-message.ts';

const STREAM = 'CASSL_EVENTS';
const PREFIX = 'cassl.events.';
const DAY_MS = 86_400_000;

/** `id` and `occurredAt` are filled in where they are missing. */
export type NewEvent = Pick<Event, 'source' | 'fact'> & Partial<Pick<Event, 'id' | 'occurredAt'>>;

export interface SubscribeOptions {
  /** Only these; default all. Filtered here, since servers before 2.10 take one filter only. */
  readonly kinds?: readonly EventKind[];
  /**
   * A name whose position the server remembers: events that came while nobody listened are delivered later, and each is
   * delivered again until the loop's body for it has ended. Without one, only events from now on are seen.
   */
  readonly durable?: string;
  readonly signal: AbortSignal;
}

export interface EventBus {
  /**
   * Publishes `cassl.events.<kind>` and waits for the server to keep it. Publishing the same id twice within two minutes
   * stores it once. Where the server has lost the stream, it is made again. UNAVAILABLE when the server does not answer within 15 s.
   */
  publish(event: NewEvent): Promise<void>;
  /** Ends when the signal aborts. Survives restarts of the server. */
  subscribe(options: SubscribeOptions): AsyncGenerator<Event>;
}

/** Opens the stream of facts; events fade after 7 days. */
export async function openEvents(connection: EventConnection): Promise<EventBus> {
  const stream = fadingStream(STREAM, [`${PREFIX}>`], { maxAgeMs: 7 * DAY_MS, maxItems: 1_000_000 });
  const ensure = (): Promise<void> => ensureStream(connection, stream);
  await ensure();
  return {
    publish: (event) => publish(connection, ensure, event),
    subscribe: (options) => subscribe(connection, ensure, options),
  };
}

async function publish(
  connection: EventConnection,
  ensureBus: () => Promise<void>,
  event: NewEvent,
): Promise<void> {
  const whole: Event = { id: randomUUID(), occurredAt: new Date(), ...event };
  const subject = PREFIX + eventKind(whole);
  const bytes = Event.encode(whole).finish();
  const send = (): Promise<unknown> =>
    keepPublishing(connection, `publish ${subject}`, () =>
      connection.js.publish(subject, bytes, { msgID: whole.id, headers: withTrace() }),
    );
  try {
    await send();
  } catch (error) {
    if (!isUntaken(error)) throw error;
    await ensureBus();
    await send();
  }
}

async function* subscribe(
  connection: EventConnection,
  ensureBus: () => Promise<void>,
  { kinds, durable, signal }: SubscribeOptions,
): AsyncGenerator<Event> {
  const name = durable === undefined ? `once-${randomUUID()}` : checkToken('durable', durable);
  let next: number | undefined;
  const ensure = async (): Promise<void> => {
    await ensureBus();
    await ensureConsumer(connection, STREAM, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(60_000),
      ...(durable === undefined
        ? { ...startAt(next), inactive_threshold: nanos(60_000), mem_storage: true }
        : { deliver_policy: DeliverPolicy.All }),
    });
  };
  await ensure();
  const prefix = PREFIX.length;
  try {
    for await (const message of pullMessages(connection, STREAM, name, ensure, signal)) {
      if (kinds === undefined || kinds.includes(message.subject.slice(prefix) as EventKind)) {
        yield Event.decode(message.data);
      }
      next = message.seq + 1;
      message.ack();
    }
  } finally {
    if (durable === undefined) await connection.jsm.consumers.delete(STREAM, name).catch(() => undefined);
  }
}

function startAt(next: number | undefined): { deliver_policy: DeliverPolicy; opt_start_seq?: number } {
  return next === undefined
    ? { deliver_policy: DeliverPolicy.New }
    : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: next };
}
