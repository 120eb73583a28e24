import { setTimeout as sleep } from 'node:timers/promises';
import type { EventConnection } from './connect-events.ts';
import { fromNatsError, isUntaken } from './nats-error.ts';

/** Longer than nats-server takes to restart with a million messages (0.2 s measured), shorter than an RPC's deadline. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 200;
const RECONNECTED = Symbol('reconnected');

/**
 * Repeats a request while the server is away, for up to 15 s. A request whose answer was lost may have been carried out:
 * `action` learns that it `isRepeat` and must cope.
 * @param what for the error message, for example "get job-1 of bucket trainings"
 * @param isFutile which errors no repetition mends. @default none
 */
export async function keepAsking<T>(
  connection: EventConnection,
  what: string,
  action: (isRepeat: boolean) => Promise<T>,
  isFutile: (error: unknown) => boolean = () => false,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let isRepeat = false; ; isRepeat = true) {
    // What was sent on a connection that broke will never be answered: do not wait for its time-out.
    const reconnected = Promise.withResolvers<typeof RECONNECTED>();
    const forget = connection.onReconnect(() => reconnected.resolve(RECONNECTED));
    try {
      const answer = action(isRepeat);
      const first = await Promise.race([answer, reconnected.promise]);
      if (first !== RECONNECTED) return first;
      answer.catch(() => undefined);
    } catch (error) {
      const translated = fromNatsError(error, what);
      const isWorthAsking = translated.code === 'UNAVAILABLE' && !isFutile(error);
      if (!isWorthAsking || performance.now() > deadline) throw translated;
      await sleep(PAUSE_MS);
    } finally {
      forget();
    }
  }
}

/** Repeats a publication likewise, but not where its stream is gone: whoever needs that has to make it first. */
export async function keepPublishing<T>(
  connection: EventConnection,
  what: string,
  send: () => Promise<T>,
): Promise<T> {
  return keepAsking(connection, what, send, isUntaken);
}
