import { setTimeout as sleep } from 'node:timers/promises';
import { deadlineExceeded } from '@cassl/errors';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import type { EventConnection } from './connect-events.ts';

/** How long one pull waits at the server; also the longest that a stop waits for an idle puller. */
const PULL_MS = 1_500;
/** After this much longer a pull without any answer is given up. */
const GRACE_MS = 3_000;
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
  let handle: Consumer | undefined;
  while (!signal.aborted) {
    let message: JsMsg | undefined;
    try {
      handle ??= await js.consumers.get(stream, consumer);
      message = await pullOne(handle);
    } catch {
      handle = undefined;
      if (signal.aborted) return;
      await sleep(RETRY_MS);
      await ensure().catch(() => undefined);
      continue;
    }
    if (message !== undefined) yield message;
  }
}

async function pullOne(consumer: Consumer): Promise<JsMsg | undefined> {
  const messages = await consumer.fetch({ max_messages: 1, expires: PULL_MS });
  const iterator = messages[Symbol.asyncIterator]();
  const late = new AbortController();
  const limit = sleep(PULL_MS + GRACE_MS, undefined, { signal: late.signal }).then(() => {
    throw deadlineExceeded(`no answer to a pull within ${PULL_MS + GRACE_MS} ms`);
  });
  try {
    const next = await Promise.race([iterator.next(), limit]);
    return next.done === true ? undefined : next.value;
  } finally {
    late.abort();
    limit.catch(() => undefined);
    messages.stop();
  }
}
