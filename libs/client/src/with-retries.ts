import { CasslError, isCasslError } from '@cassl/errors';
import pRetry from 'p-retry';
import { DEFAULT_RETRIES } from './client.ts';

const FIRST_WAIT_MS = 100;
/** Detecting twice does no harm; what else went wrong goes wrong again. */
const WORTH_ANOTHER: readonly string[] = ['UNAVAILABLE', 'RESOURCE_EXHAUSTED'];

/**
 * Calls until it works: again where the service is away or full, after the time that it names, else after 0.1, 0.2, 0.4 … s.
 * @throws the last attempt's error; DEADLINE_EXCEEDED when the time is over
 */
export async function withRetries<T>(
  call: (left: { readonly timeoutMs: number; readonly signal: AbortSignal }) => Promise<T>,
  options: {
    readonly timeoutMs: number;
    readonly retries?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<T> {
  const { timeoutMs, retries = DEFAULT_RETRIES } = options;
  const endsAt = performance.now() + timeoutMs;
  const time = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? time : AbortSignal.any([options.signal, time]);
  let last: unknown;
  try {
    return await pRetry(() => call({ timeoutMs: Math.max(1, endsAt - performance.now()), signal }), {
      retries,
      minTimeout: FIRST_WAIT_MS,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => isCasslError(error) && WORTH_ANOTHER.includes(error.code),
      onFailedAttempt: ({ error, retriesLeft }) => {
        last = error;
        return retriesLeft > 0 ? wait(namedWaitMs(error), signal) : undefined;
      },
    });
  } catch (error) {
    if (isCasslError(error)) throw error;
    const cause = last ?? error;
    if (options.signal?.aborted === true)
      throw new CasslError('CANCELLED', 'the call was cancelled', { cause });
    if (time.aborted)
      throw new CasslError('DEADLINE_EXCEEDED', `no answer within ${timeoutMs} ms`, { cause });
    throw error;
  }
}

/** What the service asks for, beyond what is waited anyhow. */
function namedWaitMs(error: unknown): number {
  const named = isCasslError(error) ? error.details['retryAfterMs'] : undefined;
  return typeof named === 'number' ? Math.max(0, named - FIRST_WAIT_MS) : 0;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
