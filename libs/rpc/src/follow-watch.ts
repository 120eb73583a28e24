import { setTimeout as delay } from 'node:timers/promises';
import { cancelled, errorCode, errorMessage, unavailable } from '@cassl/errors';

export interface FollowWatchOptions<Answer> {
  /** Whether nothing comes after this answer: the job has ended. */
  readonly isLast: (answer: Answer) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** How long nobody may answer once a stream has ended; an open one may be quiet for as long as its job is. @default 120_000 */
  readonly giveUpAfterMs?: number;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3000;
/** The service was restarted, its connection reached its age, or the stream was ended by what lies between. */
const PASSING = ['UNAVAILABLE', 'CANCELLED', 'ABORTED'];
/** What grpc-js makes of a stream that was closed before its status came, as a server does that ends a connection of age: INTERNAL. */
const TORN = /RST_STREAM/;

/**
 * Reads a watch of the platform to its last answer: opens it again when the stream ends before, whatever ended it. Each
 * stream begins with the state as it is, so nothing is missed but states in between.
 * @throws UNAVAILABLE when nobody answers for `giveUpAfterMs`, CANCELLED with the signal, and what the service refuses
 */
export async function* followWatch<Answer>(
  open: (signal: AbortSignal) => AsyncIterable<Answer>,
  { isLast, signal, giveUpAfterMs = 120_000 }: FollowWatchOptions<Answer>,
): AsyncGenerator<Answer> {
  const closing = new AbortController();
  const ended = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
  let lostAt: number | undefined;
  let waitMs = FIRST_WAIT_MS;
  try {
    for (;;) {
      let cause: unknown;
      try {
        for await (const answer of open(ended)) {
          lostAt = undefined;
          waitMs = FIRST_WAIT_MS;
          yield answer;
          if (isLast(answer)) return;
        }
      } catch (error) {
        if (signal?.aborted === true) throw cancelled('the watch was cancelled', { cause: error });
        if (!PASSING.includes(errorCode(error)) && !TORN.test(errorMessage(error))) throw error;
        cause = error;
      }
      lostAt ??= performance.now();
      const quietMs = performance.now() - lostAt;
      if (quietMs > giveUpAfterMs) {
        throw unavailable(`nobody has answered the watch for ${Math.round(quietMs / 1000)} s`, { cause });
      }
      await delay(waitMs, undefined, { signal }).catch((error: unknown) => {
        throw cancelled('the watch was cancelled', { cause: error });
      });
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  } finally {
    closing.abort();
  }
}
