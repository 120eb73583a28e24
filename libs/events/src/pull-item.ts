import { nanos, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import type { EventConnection } from './connect-events.ts';

/** How long an idle worker's pull waits at the server; also the longest that a stop waits for it. */
export const PULL_MS = 1_500;
const GRACE_MS = 3_000;
const ACK_MS = 1_500;

/** A message in the hands of one worker, until its wait is over or it is acknowledged. */
export interface Delivery {
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
  /** Position in the stream. */
  readonly seq: number;
  /** How often the server has delivered it, this time included. */
  readonly deliveryCount: number;
  /** Starts its wait again. */
  working(): void;
  /** Gives it back, for others to have after a while. */
  nak(delayMs: number): void;
  /** Resolves when the server has forgotten it. */
  ack(): Promise<void>;
}

/**
 * Asks a consumer for one message. One request with one answer, so that asking many jobs in turn is cheap: the client library's
 * own pulls wait a second at least.
 * @param waitMs how long the server may wait for a message; 0 answers at once
 * @returns `undefined` where there is none, or the cap on running ones is reached
 * @throws TimeoutError or NoRespondersError where the server or its streams are away
 */
export async function pullItem(
  { connection }: EventConnection,
  options: { readonly stream: string; readonly consumer: string; readonly waitMs: number },
): Promise<Delivery | undefined> {
  const { stream, consumer, waitMs } = options;
  const request = waitMs === 0 ? { batch: 1, no_wait: true } : { batch: 1, expires: nanos(waitMs) };
  const answer = await connection.request(
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
    JSON.stringify(request),
    // A delivered message carries its own subject, by which the shared inbox of requests can't find who asked.
    { timeout: waitMs + GRACE_MS, noMux: true },
  );
  // 404 no messages, 408 none within the time, 409 the cap or a consumer that is gone.
  const isStatus = answer.headers !== undefined && answer.headers.code >= 100;
  return isStatus ? undefined : deliveryOf(connection, answer);
}

function deliveryOf(connection: EventConnection['connection'], message: Msg): Delivery {
  const reply = message.reply ?? '';
  // $JS.ACK.[domain.account.]stream.consumer.delivered.sequence.…, the bracketed parts since 2.10.
  const parts = reply.split('.');
  const [delivered, sequence] = parts.slice(parts.length < 11 ? 4 : 6);
  return {
    subject: message.subject,
    headers: message.headers,
    data: message.data,
    seq: Number(sequence),
    deliveryCount: Number(delivered),
    working: () => connection.publish(reply, '+WPI'),
    nak: (delayMs) => connection.publish(reply, `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`),
    ack: async () => void (await connection.request(reply, '+ACK', { timeout: ACK_MS })),
  };
}
