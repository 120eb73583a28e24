import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { EventConnection } from './connect-events.ts';
import { ensureConsumer } from './ensure-stream.ts';

const BATCH = 500;
const WAIT_MS = 1_000;
const RETRY_MS = 250;
/** After a short batch: a pull a message would cost both sides ten times what the message does. */
const GATHER_MS = 25;

export interface ReadSubjectOptions {
  readonly stream: string;
  readonly subject: string;
  readonly signal: AbortSignal;
  /** End at the newest message instead of waiting for more. */
  readonly untilNewest?: boolean;
}

/**
 * The messages that a stream keeps under a subject, from the first one on, in batches of up to 500. Survives restarts of the
 * server and the loss of its store: what is written after it is read from its own beginning, so a message may come again.
 */
export async function* readSubject(
  connection: EventConnection,
  options: ReadSubjectOptions,
): AsyncGenerator<readonly JsMsg[]> {
  const { stream, subject, signal, untilNewest = false } = options;
  let next = 1;
  while (!signal.aborted) {
    const name = `read-${randomUUID()}`;
    try {
      const { state } = await connection.jsm.streams.info(stream);
      // A store that was lost counts from one again.
      if (next > state.last_seq + 1) next = 1;
      if (untilNewest && next > state.last_seq) return;
      await ensureConsumer(connection, stream, {
        durable_name: name,
        ack_policy: AckPolicy.None,
        filter_subject: subject,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: next,
        inactive_threshold: nanos(60_000),
        mem_storage: true,
        num_replicas: 1,
      });
      const consumer = await connection.js.consumers.get(stream, name);
      while (!signal.aborted) {
        const { num_pending: pending } = untilNewest ? await consumer.info() : { num_pending: 1 };
        if (pending === 0) return;
        const batch: JsMsg[] = [];
        for await (const message of await consumer.fetch({ max_messages: BATCH, expires: WAIT_MS })) {
          batch.push(message);
          // A full batch waits for no one; a short one goes on as soon as the server has no more.
          if (message.info.pending === 0) break;
        }
        if (batch.length === 0) {
          // A consumer that is gone answers nothing, as an idle one does.
          await consumer.info();
          continue;
        }
        next = batch[batch.length - 1]?.seq ?? next;
        next += 1;
        yield batch;
        if (!untilNewest && batch.length < BATCH) {
          await sleep(GATHER_MS, undefined, { signal }).catch(() => undefined);
        }
      }
    } catch (error) {
      if (untilNewest) throw error;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    } finally {
      await connection.jsm.consumers.delete(stream, name).catch(() => undefined);
    }
  }
}
