import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import type { EventConnection } from './connect-events.ts';

/** How long one pull waits at the server; also the longest that a stop waits for an idle puller. */
export const PULL_MS = 1_500;
const RETRY_MS = 250;

/**
 * Pulls a durable consumer's messages one by one until the signal aborts. Each pull stands alone, so that a server that
 * goes away and comes back needs no recovery of its own; `ensure` makes the consumer again where it was lost.
 */
export async function* pullMessages(
  { js }: EventConnection,
  stream: string,
  consumer: string,
  ensure: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<JsMsg> {
  let handle = undefined;
  while (!signal.aborted) {
    let message: JsMsg | null;
    try {
      handle ??= await js.consumers.get(stream, consumer);
      message = await handle.next({ expires: PULL_MS });
    } catch {
      handle = undefined;
      if (signal.aborted) return;
      await sleep(RETRY_MS);
      await ensure().catch(() => undefined);
      continue;
    }
    if (message !== null) yield message;
  }
}
